#include "apps/research/quadratic/training.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace pliant::quadratic {
namespace {

using Message = std::vector<std::byte>;

/// A trial whose error exceeds this has diverged: errors shrink by a factor each round, or they explode.
constexpr double kDiverged = 1e3;

/// The workers' messages, and a description of each.
struct Answers {
  std::vector<Message> messages;
  std::vector<Sent> sent;
};

/// Gathers all workers' messages. Sent travels beside the message as bytes, and does not count as traffic.
Answers gathered(const World& world, const Answers& own) {
  std::vector<Message> told;
  for (const Sent& sent : own.sent) {
    const auto bytes = std::as_bytes(std::span(&sent, 1));
    told.emplace_back(bytes.begin(), bytes.end());
  }
  Answers all{.messages = world.gather(own.messages), .sent = {}};
  for (const Message& bytes : world.gather(std::move(told)))
    std::ranges::copy(bytes, std::as_writable_bytes(std::span(&all.sent.emplace_back(), 1)).begin());
  return all;
}

Round round_of(const Setting& setting, const Sent& down, std::span<const Sent> up) {
  const auto count = static_cast<double>(setting.problem.dimension());
  const auto workers = static_cast<double>(up.size());
  Round round{.down_s = down.arrived_s - down.start_s,
              .compute_s = setting.compute_s,
              .bandwidth_down = down.bytes_per_s,
              .bytes_down = down.bytes,
              .density_down = static_cast<double>(down.kept) / count,
              .over_budget = down.over_budget ? 1 : 0};
  for (const Sent& sent : up) {
    round.up_s = std::max(round.up_s, sent.arrived_s - sent.start_s);
    round.bandwidth_up += sent.bytes_per_s / workers;
    round.bytes_up += sent.bytes;
    round.density_up += static_cast<double>(sent.kept) / count / workers;
    round.over_budget += sent.over_budget ? 1 : 0;
  }
  return round;
}

/// Runs a trial on the server.
class Conductor {
 public:
  Conductor(const Setting& setting, const Trial& trial, double most_s)
      : setting_(setting), most_s_(std::min(most_s, setting.most_s)), server_(setting, trial) {
    outcome_.trial = trial;
  }

  Signal begin(Message& message) {
    if (ended()) return {};
    down_ = server_.begin_round(outcome_.seconds(), message);
    return {.arrived_s = down_.arrived_s, .bytes = down_.bytes};
  }

  void end(const Answers& answers) {
    server_.end_round(answers.messages);
    Round round = round_of(setting_, down_, answers.sent);
    round.number = static_cast<int>(outcome_.rounds.size()) + 1;
    round.time_s = outcome_.seconds() + round.down_s + round.compute_s + round.up_s;
    round.error = setting_.problem.error(server_.model());
    outcome_.rounds.push_back(round);
  }

  Outcome take() { return std::move(outcome_); }

 private:
  bool ended() {
    if (outcome_.rounds.empty()) return false;
    const Round& last = outcome_.rounds.back();
    if (last.error <= setting_.target && last.time_s <= most_s_) {
      outcome_.end = End::reached;
    } else if (!(last.error < kDiverged)) {
      outcome_.end = End::diverged;
    } else if (last.time_s < most_s_ && last.number < setting_.most_rounds) {
      return false;
    }
    return true;
  }

  const Setting& setting_;
  double most_s_;
  Server server_;
  Sent down_;
  Outcome outcome_;
};

}  // namespace

Outcome train(const World& world, const Setting& setting, const Trial& trial, double most_s) {
  std::optional<Conductor> conductor;
  if (world.is_server()) conductor.emplace(setting, trial, most_s);
  std::vector<Worker> workers;
  for (const int number : world.own_workers(setting.problem.workers()))
    workers.emplace_back(setting, trial, number);

  Message down;
  for (;;) {
    Signal signal;
    if (conductor) signal = conductor->begin(down);
    world.broadcast(signal, down);
    if (signal.bytes < 0) break;
    Answers own;
    for (Worker& worker : workers)
      own.sent.push_back(worker.round(down, signal.arrived_s, own.messages.emplace_back()));
    const Answers all = gathered(world, own);
    if (conductor) conductor->end(all);
  }
  return conductor ? conductor->take() : Outcome{};
}

}  // namespace pliant::quadratic
