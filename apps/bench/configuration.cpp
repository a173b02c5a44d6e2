#include "apps/bench/configuration.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "apps/support/check.hpp"

namespace pliant::bench {
namespace {

using apps::check;

constexpr const char* kBaseline =
    "mpi";  // also an algorithm of Pliant's, which `all` includes under this name
constexpr const char* kAnyExact = "auto";
constexpr const char* kAnyLossy = "topk";
constexpr const char* kAll = "all";

constexpr int kAnyMemory = PLIANT_HOST_MEMORY | PLIANT_DEVICE_MEMORY;

/// The kind of memory that holds the timed buffers.
int memory_of(const Options& options) {
  return options.on_device ? PLIANT_DEVICE_MEMORY : PLIANT_HOST_MEMORY;
}

/// The algorithms that can reduce buffers in one of these memories.
std::vector<Pliant_Entry> pliant_algorithms(int memories) {
  int n = 0;
  check(Pliant_Algorithm_get_num(&n));
  std::vector<Pliant_Entry> entries(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) check(Pliant_Algorithm_get_info(i, &entries[static_cast<std::size_t>(i)]));
  std::erase_if(entries, [&](const Pliant_Entry& entry) { return (entry.memory & memories) == 0; });
  return entries;
}

std::string joined_names(int memories) {
  std::string names;
  for (const Pliant_Entry& entry : pliant_algorithms(memories))
    names.append(names.empty() ? "" : ", ").append(entry.name);
  return names;
}

bool can_lose(const Options& options) {
  return options.element->name == "float" && options.op->name == "sum";
}

void check_algorithm(const std::string& name, const Options& options) {
  if (name == kAll || name == kAnyExact || name == kBaseline) return;
  const auto entries = pliant_algorithms(memory_of(options));
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Pliant_Entry& entry) { return name == entry.name; });
  if (found == entries.end() && name != kAnyLossy)
    throw CLI::ValidationError("--algorithm", "algorithm = " + name + " (must be all, auto, topk or one of " +
                                                  joined_names(memory_of(options)) + "). Correct it");
  if ((name == kAnyLossy || found->exact == 0) && !can_lose(options))
    throw CLI::ValidationError("--algorithm",
                               "algorithm = " + name +
                                   " (lossy algorithms reduce sums of float only). Use -d float -o "
                                   "sum, or an exact algorithm");
}

/// Set `pliant_*` keys on a communicator.
void set_info(MPI_Comm comm, const std::vector<std::pair<const char*, std::string>>& pairs) {
  MPI_Info info = MPI_INFO_NULL;
  check(MPI_Info_create(&info));
  for (const auto& [key, value] : pairs) check(MPI_Info_set(info, key, value.c_str()));
  const int code = Pliant_Comm_set_info(comm, info);
  MPI_Info_free(&info);
  check(code);
}

std::string to_text(double number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

void add_exact_or_lossy(const Options& options, const std::string& name, bool exact,
                        std::vector<Configuration>& configurations) {
  const std::string algorithm = name == kAnyLossy ? "auto" : name;
  if (exact) {
    configurations.emplace_back(name, algorithm);
    return;
  }
  for (const double density : options.densities)
    configurations.emplace_back(name, algorithm, density, options.error_feedback);
}

void add_all(const Options& options, std::vector<Configuration>& configurations) {
  configurations.emplace_back(options.overlap);
  for (const Pliant_Entry& entry : pliant_algorithms(memory_of(options)))
    if (entry.exact != 0 || can_lose(options))
      add_exact_or_lossy(options, entry.name, entry.exact != 0, configurations);
}

bool is_exact(const std::string& name) {
  const auto entries = pliant_algorithms(kAnyMemory);
  return name != kAnyLossy && std::none_of(entries.begin(), entries.end(), [&](const Pliant_Entry& entry) {
           return name == entry.name && entry.exact == 0;
         });
}

}  // namespace

std::string algorithm_help() {
  return "What to compare, in this order: auto (Pliant's choice, exact), topk (Pliant's choice, lossy), mpi "
         "(MPI_Allreduce itself), all (MPI_Allreduce and every algorithm, Pliant's call of MPI included), or "
         "of " +
         joined_names(kAnyMemory);
}

void check_algorithms(const Options& options) {
  for (const std::string& name : options.algorithms) check_algorithm(name, options);
}

Configuration::Configuration(const std::string& requested, Kind kind) : requested_(requested), kind_(kind) {
  check(MPI_Comm_dup(MPI_COMM_WORLD, &comm_));
}

Configuration::Configuration(bool nonblocking)
    : Configuration(nonblocking ? "MPI_Iallreduce" : "MPI_Allreduce", Kind::baseline) {}

Configuration::Configuration(const std::string& requested, const std::string& algorithm)
    : Configuration(requested, Kind::exact) {
  set_info(comm_, {{"pliant_mode", "exact"}, {"pliant_algorithm", algorithm}});
  check(Pliant_Comm_probe(comm_));
}

Configuration::Configuration(const std::string& requested, const std::string& algorithm, double density,
                             bool error_feedback)
    : Configuration(requested, Kind::lossy) {
  density_ = density;
  set_info(comm_, {{"pliant_mode", "topk"},
                   {"pliant_policy", "fixed"},
                   {"pliant_min_bytes", "0"},
                   {"pliant_algorithm", algorithm},
                   {"pliant_density", to_text(density)},
                   {"pliant_error_feedback", error_feedback ? "ef14" : "none"}});
  check(Pliant_Comm_probe(comm_));
}

Configuration::Configuration(Configuration&& other) noexcept
    : requested_(std::move(other.requested_)),
      kind_(other.kind_),
      density_(other.density_),
      comm_(std::exchange(other.comm_, MPI_COMM_NULL)) {}

Configuration::~Configuration() {
  if (comm_ != MPI_COMM_NULL) MPI_Comm_free(&comm_);
}

Reduction::Reduction(const Configuration& configuration, const Message& message, bool nonblocking)
    : configuration_(&configuration), message_(message), nonblocking_(nonblocking) {
  const bool lossy = configuration.kind_ == Configuration::Kind::lossy;
  if (lossy || (nonblocking && !configuration.baseline()))
    check(Pliant_Allreduce_init(message.send, message.recv, message.count, message.type, message.op,
                                configuration.comm_, MPI_INFO_NULL, &request_));
  if (!configuration.baseline() || message.copied_from == nullptr) return;
  int element_bytes = 0;
  check(MPI_Type_size(message.type, &element_bytes));
  copies_ = std::make_unique<PinnedCopies>(*message.copied_from, message.count * element_bytes);
}

Reduction::Reduction(Reduction&& other) noexcept
    : configuration_(other.configuration_),
      message_(other.message_),
      nonblocking_(other.nonblocking_),
      first_report_(other.first_report_),
      request_(std::exchange(other.request_, PLIANT_REQUEST_NULL)),
      mpi_request_(std::exchange(other.mpi_request_, MPI_REQUEST_NULL)),
      copies_(std::move(other.copies_)) {}

Reduction::~Reduction() {
  if (request_ != PLIANT_REQUEST_NULL) Pliant_Request_free(&request_);
}

Message Reduction::copied() {
  copies_->bring(message_.send);
  Message copy = message_;
  copy.send = copies_->send();
  copy.recv = copies_->recv();
  return copy;
}

void Reduction::run() {
  if (nonblocking_ || request_ != PLIANT_REQUEST_NULL) {
    start();
    wait();
  } else if (copies_ != nullptr) {
    const Message copy = copied();
    check(MPI_Allreduce(copy.send, copy.recv, static_cast<int>(copy.count), copy.type, copy.op,
                        configuration_->comm_));
    copies_->take_back(message_.recv);
  } else {
    const auto allreduce = configuration_->baseline() ? MPI_Allreduce : Pliant_Allreduce;
    check(allreduce(message_.send, message_.recv, static_cast<int>(message_.count), message_.type,
                    message_.op, configuration_->comm_));
  }
  if (!first_report_) first_report_ = report();
}

void Reduction::start() {
  if (request_ != PLIANT_REQUEST_NULL) {
    check(Pliant_Start(request_));
    return;
  }
  const Message message = copies_ != nullptr ? copied() : message_;
  check(MPI_Iallreduce(message.send, message.recv, static_cast<int>(message.count), message.type, message.op,
                       configuration_->comm_, &mpi_request_));
}

bool Reduction::test() {
  int done = 0;
  if (request_ != PLIANT_REQUEST_NULL) {
    check(Pliant_Test(request_, &done));
  } else {
    check(MPI_Test(&mpi_request_, &done, MPI_STATUS_IGNORE));
  }
  return done != 0;
}

void Reduction::wait() {
  check(request_ != PLIANT_REQUEST_NULL ? Pliant_Wait(request_) : MPI_Wait(&mpi_request_, MPI_STATUS_IGNORE));
  if (copies_ != nullptr) copies_->take_back(message_.recv);
}

std::optional<Pliant_Report> Reduction::report() const {
  if (configuration_->baseline()) return std::nullopt;
  Pliant_Report report{};
  report.size = sizeof report;
  const int code = request_ == PLIANT_REQUEST_NULL ? Pliant_Comm_get_report(configuration_->comm_, &report)
                                                   : Pliant_Request_get_report(request_, &report);
  if (code != MPI_SUCCESS) return std::nullopt;
  return report;
}

std::vector<Configuration> make_configurations(const Options& options) {
  std::vector<Configuration> configurations;
  for (const std::string& name : options.algorithms) {
    if (name == kAll) {
      add_all(options, configurations);
    } else if (name == kBaseline) {
      configurations.emplace_back(options.overlap);
    } else {
      add_exact_or_lossy(options, name, is_exact(name), configurations);
    }
  }
  return configurations;
}

}  // namespace pliant::bench
