#include "apps/research/quadratic/roles.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pliant::quadratic {
namespace {

constexpr int kServerLink = 0;
constexpr int kMessagesARound = 2;  // one down, one up

/// [byte] size of a message of this density.
std::int64_t bytes_of(double density, std::int64_t count) {
  const auto kept = static_cast<std::int64_t>(std::llround(density * static_cast<double>(count)));
  return std::min(message_bytes_of(std::clamp<std::int64_t>(kept, 1, count), count),
                  whole_message_bytes(count));
}

/// x -= step x sum of the gradients, added in order. x: [d]; gradients: [workers][d].
void descend(std::span<float> x, std::span<const std::vector<float>> gradients, float step) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    float sum = 0;
    for (const std::vector<float>& gradient : gradients) sum += gradient[i];
    x[i] -= step * sum;
  }
}

}  // namespace

double round_s(const Setting& setting, const Trial& trial) {
  const auto bytes = static_cast<double>(bytes_of(trial.density, setting.problem.dimension()));
  return setting.compute_s + kMessagesARound * (setting.latency_s + bytes / setting.bandwidth.mean());
}

Link::Link(const Setting& setting, const Trial& trial, int link)
    : setting_(setting), trial_(trial), link_(link), sender_(setting.problem.layer_begins()) {}

Sent Link::send(std::span<const float> vector, double start_s, std::vector<std::byte>& message) {
  sender_.look_at(vector);
  Sent sent{.start_s = start_s,
            .bytes_per_s = setting_.bandwidth.at(link_, start_s),
            .budget_bytes = budget_bytes(start_s)};
  const std::vector<std::int64_t> kept = trial_.mode->choose({.layer_begins = setting_.problem.layer_begins(),
                                                              .change = sender_.change(),
                                                              .budget_bytes = sent.budget_bytes,
                                                              .least_density = setting_.least_density});
  sender_.send(vector, kept, message);
  sent.bytes = static_cast<std::int64_t>(message.size());
  sent.kept = std::accumulate(kept.begin(), kept.end(), std::int64_t{0});
  sent.over_budget = static_cast<double>(sent.bytes) > sent.budget_bytes;
  const double travelled_s = setting_.bandwidth.transfer_s(link_, start_s, static_cast<double>(sent.bytes));
  last_bytes_per_s_ = static_cast<double>(sent.bytes) / (travelled_s - start_s);
  sent.arrived_s = travelled_s + setting_.latency_s;
  return sent;
}

// c = B (t - T_compute) / 2, latency taken off: Xin et al., section 3.1.
double Link::budget_bytes(double start_s) const {
  if (!trial_.mode->adaptive)
    return static_cast<double>(bytes_of(trial_.density, setting_.problem.dimension()));
  const double for_message_s =
      (round_s(setting_, trial_) - setting_.compute_s) / kMessagesARound - setting_.latency_s;
  const double bytes_per_s = setting_.bandwidth_known ? setting_.bandwidth.at(link_, start_s)
                                                      : last_bytes_per_s_.value_or(setting_.bandwidth.mean());
  return bytes_per_s * for_message_s;
}

Worker::Worker(const Setting& setting, const Trial& trial, int number)
    : setting_(setting),
      number_(number),
      model_(static_cast<std::size_t>(setting.problem.dimension())),
      gradient_(model_.size()),
      link_(setting, trial, number) {}

Sent Worker::round(std::span<const std::byte> down, double arrived_s, std::vector<std::byte>& up) {
  receive(down, 0, model_);
  setting_.problem.gradient(number_ - 1, model_, gradient_);
  return link_.send(gradient_, arrived_s + setting_.compute_s, up);
}

Server::Server(const Setting& setting, const Trial& trial)
    : step_(static_cast<float>(trial.step / setting.problem.smoothness() / setting.problem.workers())),
      model_(static_cast<std::size_t>(setting.problem.dimension())),
      gradients_(static_cast<std::size_t>(setting.problem.workers()), model_),
      link_(setting, trial, kServerLink) {}

Sent Server::begin_round(double now_s, std::vector<std::byte>& down) {
  return link_.send(model_, now_s, down);
}

void Server::end_round(std::span<const std::vector<std::byte>> up) {
  for (std::size_t worker = 0; worker < up.size(); ++worker)
    receive(up[worker], static_cast<int>(worker) + 1, gradients_[worker]);
  descend(model_, gradients_, step_);
}

}  // namespace pliant::quadratic
