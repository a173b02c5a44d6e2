// Server, worker, and their links. Source of the round: Xin et al., arXiv 2312.08053, Algorithm 1 as far as
// it is known (EF21 upwards, EF21-P downwards, one budget per message).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "apps/research/quadratic/bandwidth.hpp"
#include "apps/research/quadratic/estimate.hpp"
#include "apps/research/quadratic/mode.hpp"
#include "apps/research/quadratic/problem.hpp"

namespace pliant::quadratic {

/// Parameters that all trials of a study share.
struct Setting {
  const Problem& problem;
  const Bandwidth& bandwidth;
  double compute_s = 1;         ///< [s] time of a worker's gradient
  double latency_s = 0;         ///< [s] added to each message
  double least_density = 1e-3;  ///< contraction floor
  bool bandwidth_known = true;  ///< a sender knows the present bandwidth; otherwise that of its last message
  double target = 1e-3;         ///< error at which a trial ends successfully
  int most_rounds = 20000;
  double most_s = 1e6;  ///< [s] simulated time limit
};

/// One combination of mode, density and step size.
struct Trial {
  const Mode* mode;
  double density;  ///< fixed modes: density of each message; adaptive ones: density at mean bandwidth
  double step;     ///< gamma x L
};

/// [s] Kimad's t: the time of a round whose two messages have trial.density, at mean bandwidth.
double round_s(const Setting& setting, const Trial& trial);

/// A message that has been sent.
struct Sent {
  double start_s = 0;
  double arrived_s = 0;    ///< latency included
  double bytes_per_s = 0;  ///< bandwidth of the link when it was sent
  double budget_bytes = 0;
  std::int64_t bytes = 0;
  std::int64_t kept = 0;
  bool over_budget = false;  ///< the floor needs more bytes than the budget has
};

/// A sender and its link: chooses how much to send, encodes it, and computes its arrival.
class Link {
 public:
  Link(const Setting& setting, const Trial& trial, int link);

  /// The receiver's present estimate.
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
  /// number: of the worker and its link, from 1.
  Worker(const Setting& setting, const Trial& trial, int number);

  /// Takes the server's message, which arrived at `arrived_s`, and writes the worker's message.
  Sent round(std::span<const std::byte> down, double arrived_s, std::vector<std::byte>& up);

  std::span<const float> gradient_estimate() const { return link_.estimate(); }
  std::span<const float> model() const { return model_; }

 private:
  const Setting& setting_;
  int number_;
  std::vector<float> model_;  ///< [d] as received from the server
  std::vector<float> gradient_;
  Link link_;
};

class Server {
 public:
  Server(const Setting& setting, const Trial& trial);

  /// Writes the message to all workers.
  Sent begin_round(double now_s, std::vector<std::byte>& down);
  /// Takes the workers' messages, [workers], and updates the model.
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
