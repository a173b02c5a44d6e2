#include "mpi/flow.hpp"

#include <algorithm>

#include "mpi/check.hpp"

namespace pliant {

Flow::~Flow() {
  for (; receives_.used > 0; receives_.pop()) receives_.oldest().finish();
  for (; sends_.used > 0; sends_.pop()) comm_.leave_send(sends_.oldest().request, sends_.oldest().to);
}

void Flow::send(std::span<const std::byte> bytes, int to, bool carries) {
  if (carries && telemetry_ != nullptr) telemetry_->send(comm_, tag_, to);
  Send& send = sends_.add();
  send = {MPI_REQUEST_NULL, to};
  check(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, tag_, comm_.handle(),
                  &send.request),
        "MPI_Isend");
  comm_.count_sent(bytes.size());
}

void Flow::expect(std::span<std::byte> room, int from, Length length, bool carries) {
  receives_.add().expect(room, from, length, carries ? telemetry_ : nullptr);
}

/// Messages of one sender arrive in order. A message of another sender need not wait for them.
void Flow::match_arrivals() {
  std::array<int, kMost> late{};  // senders whose next message has not arrived
  auto* end = late.begin();
  for (int i = 0; i < receives_.used; ++i) {
    CheckedReceive& receive = receives_.at(i);
    if (receive.matched() || std::find(late.begin(), end, receive.from()) != end) continue;
    if (!receive.match(comm_.handle(), tag_)) *end++ = receive.from();
  }
}

bool Flow::sends_matter() const {
  return or_sent_ || receives_.used == 0;
}

bool Flow::test_receives() {
  if (receives_.used == 0) return false;
  match_arrivals();
  CheckedReceive& oldest = receives_.oldest();
  if (!oldest.test()) return false;
  happened_ = true;
  event_ = Event::received;
  received_bytes_ = oldest.bytes();
  received_ = &oldest;
  receives_.pop();
  return true;
}

bool Flow::test_sends() {
  if (sends_.used == 0) return false;
  int done = 0;
  code_ = MPI_Test(&sends_.oldest().request, &done, MPI_STATUS_IGNORE);
  if (code_ == MPI_SUCCESS && done == 0) return false;
  happened_ = true;
  event_ = Event::sent;
  received_ = nullptr;
  sends_.pop();
  return true;
}

bool Flow::ready(void* flow) {
  Flow& self = *static_cast<Flow*>(flow);
  return self.happened_ || self.test_receives() || (self.sends_matter() && self.test_sends());
}

Flow::Event Flow::Next::await_resume() const {
  flow.happened_ = false;
  check(flow.code_, "MPI_Isend");
  if (flow.received_ != nullptr) flow.received_->check();
  return flow.event_;
}

}  // namespace pliant
