// Server and worker, and the links they send on. Source of the round: Xin et al., arXiv 2312.08053, Algorithm
// 1 as far as it is known (EF21 upwards, EF21-P downwards, one budget per message).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "apps/quadratic/bandwidth.hpp"
#include "apps/quadratic/estimate.hpp"
#include "apps/quadratic/mode.hpp"
#include "apps/quadratic/problem.hpp"

namespace pliant::quadratic {

/// What is the same for all trials of a study.
struct Setting {
  const Problem& problem;
  const Bandwidth& bandwidth;
  double compute_s = 1;         ///< [s] a worker's gradient
  double latency_s = 0;         ///< [s] of a message
  double least_density = 1e-3;  ///< contraction floor
  bool bandwidth_known = true;  ///< a sender knows the bandwidth of now; otherwise its last message's
  double target = 1e-3;         ///< error at which a trial ends
  int most_rounds = 20000;
  double most_s = 1e6;  ///< [s] simulated
};

/// What is tried.
struct Trial {
  const Mode* mode;
  double density;  ///< fixed modes: of each message; adaptive ones: of a message at mean bandwidth
  double step;     ///< gamma x L
};

/// [s] Kimad's t: the round in which, at mean bandwidth, both messages have trial.density.
double round_s(const Setting& setting, const Trial& trial);

/// One message as it was sent.
struct Sent {
  double start_s = 0;
  double arrived_s = 0;    ///< latency included
  double bytes_per_s = 0;  ///< of the link when it was sent
  double budget_bytes = 0;
  std::int64_t bytes = 0;
  std::int64_t kept = 0;
  bool over_budget = false;  ///< the floor asks for more than the budget has
};

/// A sender at its link: chooses how much, encodes, and knows when it arrives.
class Link {
 public:
  Link(const Setting& setting, const Trial& trial, int link);

  /// What the other end has now.
  std::span<const float> estimate() const { return sender_.estimate(); }
  Sent send(std::span<const float> vector, double start_s, std::vector<std::byte>& message);

 private:
  double budget_bytes(double start_s) const;

  const Setting& setting_;
  const Trial trial_;
  int link_;
  Sender sender_;
  std::optional<double> last_bytes_per_s_;
};

class Worker {
 public:
  /// number: from 1; its link's.
  Worker(const Setting& setting, const Trial& trial, int number);

  /// Take the server's message, that arrived at a time; write one's own.
  Sent round(std::span<const std::byte> down, double arrived_s, std::vector<std::byte>& up);

  std::span<const float> gradient_estimate() const { return link_.estimate(); }
  std::span<const float> model() const { return model_; }

 private:
  const Setting& setting_;
  int number_;
  std::vector<float> model_;  ///< [d] as the server's messages tell
  std::vector<float> gradient_;
  Link link_;
};

class Server {
 public:
  Server(const Setting& setting, const Trial& trial);

  /// Write the message to all workers.
  Sent begin_round(double now_s, std::vector<std::byte>& down);
  /// Take their answers, [workers], and move the model.
  void end_round(std::span<const std::vector<std::byte>> up);

  std::span<const float> model() const { return model_; }
  std::span<const float> model_estimate() const { return link_.estimate(); }
  std::span<const float> gradient_estimate(int worker) const {
    return gradients_[static_cast<std::size_t>(worker)];
  }

 private:
  float step_;                                 ///< gamma / M
  std::vector<float> model_;                   ///< [d]
  std::vector<std::vector<float>> gradients_;  ///< [workers][d] estimates
  Link link_;
};

}  // namespace pliant::quadratic
