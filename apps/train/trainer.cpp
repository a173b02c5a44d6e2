#include "apps/train/trainer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "apps/support/check.hpp"
#include "apps/train/device.hpp"
#include "apps/train/model.hpp"

namespace pliant::train {
namespace {

constexpr std::int64_t kEvaluationBatch = 500;

/// Makes a model whose first weights do not depend on the device.
torch::nn::Sequential make_model(const Options& options, torch::Device device) {
  torch::manual_seed(options.seed);
  torch::nn::Sequential model = find_model(options.model)->make();
  model->to(device);
  return model;
}

std::vector<torch::Tensor> zeros_like(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> zeros;
  for (const torch::Tensor& tensor : tensors) zeros.push_back(torch::zeros_like(tensor));
  return zeros;
}

double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// FNV-1a, 64 bits: offset basis and prime.
constexpr std::uint64_t kHashStart = 0xcbf29ce484222325;
constexpr std::uint64_t kHashPrime = 0x100000001b3;

std::uint64_t hash_bytes(std::uint64_t hash, const void* data, std::size_t bytes) {
  const auto* byte = static_cast<const unsigned char*>(data);
  for (const auto* const end = byte + bytes; byte != end; ++byte) hash = (hash ^ *byte) * kHashPrime;
  return hash;
}

/// [s] of CLOCK_MONOTONIC, which pliant_netlab's log and Pliant's traces also use.
double monotonic_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), pattern, values...);
  return text.data();
}

}  // namespace

Trainer::Trainer(const World& world, const Options& options, const Dataset& dataset)
    : world_(world),
      options_(options),
      dataset_(dataset),
      device_(find_device(world, options.device)),
      model_(make_model(options, device_)),
      parameters_(model_->parameters()),
      velocities_(zeros_like(parameters_)),
      exchange_(parameters_, options),
      progress_(world.is_root()),
      time_limit_(world, options.max_seconds) {
  const std::int64_t images_per_step = std::int64_t{options_.batch} * world_.ranks;
  steps_per_epoch_ = dataset_.training.count() / images_per_step;
  if (steps_per_epoch_ == 0)
    throw apps::Refused(refusal_text(
        "--batch = " + std::to_string(options_.batch) + " on " + std::to_string(world_.ranks) + " ranks",
        "a step must not need more than the " + std::to_string(dataset_.training.count()) +
            " training images",
        "Pass a smaller --batch"));
  steps_ = options_.epochs * steps_per_epoch_;
  if (options_.max_steps > 0) steps_ = std::min<std::int64_t>(steps_, options_.max_steps);
  open_history();
  share_parameters();
}

void Trainer::open_history() {
  std::string fault;
  if (world_.is_root() && !options_.history.empty()) {
    history_.open(options_.history);
    if (!history_)
      fault = refusal_text("--history = " + options_.history + " cannot be written",
                           "must be a file in a folder that exists", "Pass another path");
  }
  world_.refuse_together(fault);
}

// The seed should give all ranks the same weights. This makes sure, even if their libraries differ.
void Trainer::share_parameters() {
  torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : parameters_) {
    const torch::Tensor on_host = parameter.cpu();
    check_alone(MPI_Bcast(on_host.data_ptr<float>(), static_cast<int>(on_host.numel()), MPI_FLOAT, 0,
                          MPI_COMM_WORLD));
    if (!device_.is_cpu()) parameter.copy_(on_host);
  }
}

nlohmann::ordered_json Trainer::run() {
  time_limit_.start();
  for (bool last = false; !last;) {
    train_step();
    tell_step();
    const bool epoch_ends = step_ % steps_per_epoch_ == 0;
    const bool asked_for = options_.eval_every > 0 && step_ % options_.eval_every == 0;
    last = step_ == steps_ || time_limit_.is_over(step_);
    if (!epoch_ends && !asked_for && !last) continue;
    evaluate();
    tell_evaluation(!epoch_ends && !last);
  }
  if (!parameters_identical())
    throw apps::Refused(refusal_text("the ranks' parameters differ after " + std::to_string(step_) + " steps",
                                     "every rank must end with the same bits",
                                     "Run all ranks on the same build and kind of processor, or report it"));
  return summary();
}

void Trainer::train_step() {
  const double begin_s = MPI_Wtime();
  const torch::Tensor indices = next_batch();
  exchange_.zero_gradients();
  const torch::Tensor images = dataset_.training.images.index_select(0, indices).to(device_);
  const torch::Tensor labels = dataset_.training.labels.index_select(0, indices).to(device_);
  const torch::Tensor loss = torch::nn::functional::cross_entropy(model_->forward(normalise(images)), labels);
  loss.backward();
  training_loss_ = loss.item<float>();

  const double exchange_begin_s = MPI_Wtime();
  if (options_.probe_every > 0 && step_ > 0 && step_ % options_.probe_every == 0) exchange_.probe();
  exchange_.sum_gradients();
  const double exchange_end_s = MPI_Wtime();

  update_parameters();
  const double end_s = MPI_Wtime();
  step_communication_s_.push_back(exchange_end_s - exchange_begin_s);
  step_compute_s_.push_back(end_s - begin_s - step_communication_s_.back());
  seconds_ += end_s - begin_s;
  ++step_;
}

/// Indices of this rank's images: its part of the step's batch, in an order that all ranks share.
torch::Tensor Trainer::next_batch() {
  const std::int64_t step_of_epoch = step_ % steps_per_epoch_;
  if (step_of_epoch == 0) {
    auto generator = at::detail::createCPUGenerator(options_.seed + static_cast<std::uint64_t>(step_));
    order_ = torch::randperm(dataset_.training.count(), generator, torch::kInt64);
  }
  const std::int64_t slice = step_of_epoch * world_.ranks + world_.rank;
  return order_.narrow(0, slice * options_.batch, options_.batch);
}

void Trainer::update_parameters() {
  torch::NoGradGuard no_grad;
  const double mean = 1.0 / world_.ranks;
  const auto epoch = static_cast<double>(step_ / steps_per_epoch_);
  const double learning_rate = options_.learning_rate * std::pow(options_.learning_rate_decay, epoch);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    velocities_[i].mul_(options_.momentum).add_(parameters_[i].grad(), mean);
    parameters_[i].add_(velocities_[i], -learning_rate);
  }
}

void Trainer::evaluate() {
  torch::NoGradGuard no_grad;
  const ImageSet& test = dataset_.test;
  const std::int64_t begin = test.count() * world_.rank / world_.ranks;
  const std::int64_t end = test.count() * (world_.rank + 1) / world_.ranks;
  std::array<double, 3> sums = {0, 0, time_limit_.elapsed_s()};
  for (std::int64_t first = begin; first < end; first += kEvaluationBatch) {
    const std::int64_t images = std::min(kEvaluationBatch, end - first);
    const torch::Tensor logits = model_->forward(normalise(test.images.narrow(0, first, images).to(device_)));
    const torch::Tensor labels = test.labels.narrow(0, first, images).to(device_);
    const auto sum = torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kSum);
    sums[0] += logits.argmax(1).eq(labels).sum().item<double>();
    sums[1] += torch::nn::functional::cross_entropy(logits, labels, sum).item<double>();
  }
  world_.sum(sums.data(), static_cast<int>(sums.size()));
  const auto images = static_cast<double>(test.count());
  evaluation_ = {sums[0] / images, sums[1] / images, sums[2] / world_.ranks};
}

void Trainer::tell_step() {
  if (!progress_.is_due()) return;
  const Pliant_Report& report = exchange_.report();
  progress_.passing(format("  step %lld/%lld  loss %.3f  %.1f ms/step  %s  density %.4g",
                           static_cast<long long>(step_), static_cast<long long>(steps_),
                           static_cast<double>(training_loss_), 1e3 * seconds_ / static_cast<double>(step_),
                           report.algorithm, report.density));
}

void Trainer::tell_evaluation(bool in_progress) {
  if (!world_.is_root()) return;
  const double epoch = static_cast<double>(step_) / static_cast<double>(steps_per_epoch_);
  if (history_.is_open())
    history_ << nlohmann::ordered_json{{"epoch", epoch},
                                       {"step", step_},
                                       {"seconds", seconds_},
                                       {"clock", evaluation_.clock_s},
                                       {"monotonic", monotonic_s()},
                                       {"accuracy", evaluation_.accuracy},
                                       {"loss", evaluation_.loss}}
             << std::endl;
  if (!in_progress)
    progress_.line(format("epoch %.4g/%d  step %lld  %.1f s  test accuracy %.4f  test loss %.4f", epoch,
                          options_.epochs, static_cast<long long>(step_), seconds_, evaluation_.accuracy,
                          evaluation_.loss));
}

bool Trainer::parameters_identical() const {
  std::uint64_t hash = kHashStart;
  for (const torch::Tensor& parameter : parameters_) {
    const torch::Tensor on_host = parameter.detach().cpu();
    hash = hash_bytes(hash, on_host.data_ptr<float>(), on_host.nbytes());
  }
  return world_.same(hash);
}

nlohmann::ordered_json Trainer::summary() const {
  const ExchangeTotals& totals = exchange_.totals();
  const auto steps = static_cast<double>(step_);
  std::array<double, 5> sums = {seconds_, total(step_compute_s_), total(step_communication_s_),
                                totals.wire_bytes, totals.gain_sum};
  world_.sum(sums.data(), static_cast<int>(sums.size()));
  std::vector<double> slowest_compute_s = step_compute_s_;
  world_.largest(slowest_compute_s.data(), static_cast<int>(slowest_compute_s.size()));
  nlohmann::ordered_json algorithms = nlohmann::ordered_json::object();
  for (const auto& [name, count] : totals.steps_of_algorithm)
    algorithms[name] = static_cast<double>(count) / steps;
  const double seconds = sums[0] / world_.ranks;
  const auto parameters = std::accumulate(
      parameters_.begin(), parameters_.end(), std::int64_t{0},
      [](std::int64_t count, const torch::Tensor& parameter) { return count + parameter.numel(); });
  return {{"accuracy", evaluation_.accuracy},
          {"seconds", seconds},
          {"clock_s", evaluation_.clock_s},
          {"compute_s", sums[1] / world_.ranks},
          {"communication_s", sums[2] / world_.ranks},
          {"wire_bytes", static_cast<std::int64_t>(sums[3])},
          {"mean_density", totals.density_sum / steps},
          {"steps", step_},
          {"complete", step_ == steps_},
          {"algorithms", algorithms},
          {"mean_gain", sums[4] / (world_.ranks * steps)},
          {"ms_per_step", 1e3 * seconds / steps},
          {"mean_compute_ms", 1e3 * total(slowest_compute_s) / steps},
          {"ranks", world_.ranks},
          {"model", options_.model},
          {"mode", exchange_.setting("pliant_mode")},
          {"policy", exchange_.setting("pliant_policy")},
          {"parameters", parameters},
          {"parameters_identical", true}};
}

}  // namespace pliant::train
