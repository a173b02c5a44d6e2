#include "streams.hpp"

#include <algorithm>
#include <utility>

namespace pliant::test {

void DoubleStreams::set_schedule(Schedule schedule) {
  schedule_ = schedule;
  dice_.seed(schedule.seed);
}

std::shared_ptr<DoubleStream> DoubleStreams::create(int device) {
  return streams_.emplace_back(std::make_shared<DoubleStream>(device));
}

void DoubleStreams::enqueue(DoubleStream& stream, Operation operation) {
  stream.queue.push_back(std::move(operation));
  if (schedule_.kind == Schedule::Kind::eager) advance_all();
  if (schedule_.kind == Schedule::Kind::random) roll(2);
}

std::shared_ptr<Record> DoubleStreams::record(const std::shared_ptr<DoubleStream>& stream) {
  auto record = std::make_shared<Record>();
  record->stream = stream;
  enqueue(*stream, {"event_record", [record] {
                      record->done = true;
                      record->stream.reset();
                      return Step::done;
                    }});
  return record;
}

void DoubleStreams::wait(DoubleStream& stream, std::shared_ptr<const Record> record) {
  enqueue(stream, {"stream_wait_event", [] { return Step::done; }, std::move(record)});
}

/// Runs the first operation of `stream` unless it must wait for another stream. Returns whether it is done.
bool DoubleStreams::attempt(DoubleStream& stream) {
  if (stream.queue.empty()) return false;
  const Operation& first = stream.queue.front();
  if (first.needs != nullptr && !first.needs->done) return false;
  const std::function<Step()> work = first.attempt;  // the queue may be dropped by what it does
  if (work() == Step::waits || stream.queue.empty()) return false;
  stream.queue.pop_front();
  return true;
}

/// Runs one operation of `stream`, or of a stream that it waits for. Returns whether one is done.
bool DoubleStreams::advance(DoubleStream& stream) {
  DoubleStream* at = &stream;
  while (!at->queue.empty() && at->queue.front().needs != nullptr && !at->queue.front().needs->done)
    at = at->queue.front().needs->stream.get();
  return attempt(*at);
}

bool DoubleStreams::advance_all() {
  bool any = false;
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < streams_.size(); ++i) more = attempt(*streams_[i]) || more;
    any = any || more;
  }
  return any;
}

/// Runs up to `most` operations of randomly drawn streams. Returns whether any is done.
bool DoubleStreams::roll(std::uint32_t most) {
  bool any = false;
  for (auto times = dice_() % (most + 1); times > 0; --times)
    any = attempt(*streams_[dice_() % streams_.size()]) || any;
  return any;
}

void DoubleStreams::look(DoubleStream& stream) {
  switch (schedule_.kind) {
    case Schedule::Kind::eager:
      advance_all();
      return;
    case Schedule::Kind::lazy:
      for (int i = 0; i < schedule_.per_query; ++i) work(stream);
      return;
    case Schedule::Kind::random:
      roll(3);
      return;
  }
}

bool DoubleStreams::work(DoubleStream& stream) {
  if (stream.queue.empty()) return false;
  if (schedule_.kind == Schedule::Kind::random) return roll(3);
  // It may wait for other processes, which may wait for another stream of ours; a device works on all
  // streams.
  return (schedule_.kind == Schedule::Kind::lazy && advance(stream)) || advance_all();
}

bool DoubleStreams::any_waits_for_others() const {
  const auto waits = [](const Operation& operation) { return operation.name.starts_with("nccl"); };
  return std::any_of(streams_.begin(), streams_.end(), [&](const auto& stream) {
    return std::any_of(stream->queue.begin(), stream->queue.end(), waits);
  });
}

void DoubleStreams::work_on_all() {
  for (std::size_t i = 0; i < streams_.size(); ++i) attempt(*streams_[i]);
}

void DoubleStreams::drop_all() {
  for (const auto& stream : streams_) stream->queue.clear();
}

void DoubleStreams::drop_finished() {
  std::erase_if(streams_, [](const auto& stream) { return stream->destroyed && stream->queue.empty(); });
}

std::string DoubleStreams::list() const {
  std::string text;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i]->queue.empty()) continue;
    text += "stream " + std::to_string(i) + ":";
    for (const Operation& operation : streams_[i]->queue) text += " " + operation.name;
    text += "; ";
  }
  return text;
}

}  // namespace pliant::test
