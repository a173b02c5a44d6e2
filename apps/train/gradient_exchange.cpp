#include "apps/train/gradient_exchange.hpp"

#include <array>
#include <charconv>

#include "apps/support/check.hpp"
#include "apps/train/world.hpp"

namespace pliant::train {
namespace {

/// An MPI_Info that frees itself.
class Info {
 public:
  Info() { check_alone(MPI_Info_create(&info_)); }
  ~Info() { MPI_Info_free(&info_); }
  Info(const Info&) = delete;
  Info& operator=(const Info&) = delete;

  void set(const char* key, const std::string& value) {
    check_alone(MPI_Info_set(info_, key, value.c_str()));
  }
  MPI_Info get() const { return info_; }

 private:
  MPI_Info info_ = MPI_INFO_NULL;
};

/// Shortest text that reads back as the same number, whatever the locale.
std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

constexpr double kUsPerMs = 1000;

void apply_settings(const Options& options) {
  Info info;
  info.set("pliant_mode", options.mode);
  info.set("pliant_policy", options.policy);
  info.set("pliant_density", number_text(options.density));
  info.set("pliant_algorithm", options.algorithm);
  info.set("pliant_error_feedback", options.error_feedback);
  if (options.time_budget_ms > 0)
    info.set("pliant_time_budget_us", number_text(kUsPerMs * options.time_budget_ms));
  apps::check(Pliant_Comm_set_info(MPI_COMM_WORLD, info.get()));
}

std::map<std::string, std::string> settings_in_force() {
  MPI_Info used = MPI_INFO_NULL;
  apps::check(Pliant_Comm_get_info(MPI_COMM_WORLD, &used));
  std::map<std::string, std::string> settings;
  for (const char* key : {"pliant_mode", "pliant_policy"}) {
    std::array<char, MPI_MAX_INFO_VAL + 1> value{};
    int found = 0;
    check_alone(MPI_Info_get(used, key, MPI_MAX_INFO_VAL, value.data(), &found));
    settings[key] = value.data();
  }
  check_alone(MPI_Info_free(&used));
  return settings;
}

}  // namespace

GradientExchange::GradientExchange(const std::vector<torch::Tensor>& parameters, const Options& options) {
  apply_settings(options);
  settings_ = settings_in_force();
  std::vector<const void*> send_buffers(parameters.size(), MPI_IN_PLACE);
  std::vector<void*> receive_buffers;
  std::vector<MPI_Count> counts;
  for (const torch::Tensor& parameter : parameters) {
    torch::Tensor gradient = torch::zeros_like(parameter);
    parameter.mutable_grad() = gradient;
    gradients_.push_back(gradient);
    receive_buffers.push_back(gradient.data_ptr<float>());
    counts.push_back(gradient.numel());
  }
  Info info;
  info.set("pliant_name", options.model + "_gradients");
  apps::check(Pliant_Grouped_allreduce_init(static_cast<int>(parameters.size()), send_buffers.data(),
                                            receive_buffers.data(), counts.data(), MPI_FLOAT, MPI_SUM,
                                            MPI_COMM_WORLD, info.get(), &request_));
}

GradientExchange::~GradientExchange() {
  if (request_ != PLIANT_REQUEST_NULL) Pliant_Request_free(&request_);
}

void GradientExchange::sum_gradients() {
  check_alone(Pliant_Start(request_));
  check_alone(Pliant_Wait(request_));
  add_report();
}

void GradientExchange::probe() {
  check_alone(Pliant_Comm_probe(MPI_COMM_WORLD));
}

void GradientExchange::zero_gradients() {
  for (torch::Tensor& gradient : gradients_) gradient.zero_();
}

void GradientExchange::add_report() {
  report_.size = sizeof report_;
  check_alone(Pliant_Request_get_report(request_, &report_));
  ++totals_.steps;
  totals_.wire_bytes += static_cast<double>(report_.wire_bytes);
  totals_.density_sum += report_.density;
  totals_.gain_sum += report_.gain;
  ++totals_.steps_of_algorithm[report_.algorithm];
}

}  // namespace pliant::train
