// One way to reduce, and the communicator set up for it. The benchmark compares several of these.
#pragma once

#include <mpi.h>
#include <pliant/pliant.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/bench/kernels/accelerator.hpp"
#include "apps/bench/options.hpp"

namespace pliant::bench {

/// Explanation of --algorithm, with all names.
std::string algorithm_help();

/// Throws CLI::ValidationError for a name that does not exist or cannot reduce what the options ask for.
void check_algorithms(const Options& options);

/// One message to reduce.
struct Message {
  const void* send;
  void* recv;
  std::int64_t count;
  MPI_Datatype type;
  MPI_Op op;
  /// If not null, the buffers are in its memory, and the baseline copies them because MPI cannot read them.
  Accelerator* copied_from = nullptr;
};

/// One way to reduce, on a communicator of its own so that its settings are its own.
class Configuration {
 public:
  /// MPI itself: MPI_Allreduce, or MPI_Iallreduce.
  explicit Configuration(bool nonblocking);
  /// Pliant with `algorithm` forced ("auto": any), exact. Collective. Throws apps::Refused.
  Configuration(const std::string& requested, const std::string& algorithm);
  /// Pliant with `algorithm` forced, lossy at `density`. Collective. Throws apps::Refused.
  Configuration(const std::string& requested, const std::string& algorithm, double density,
                bool error_feedback);
  ~Configuration();
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;
  Configuration(Configuration&& other) noexcept;
  Configuration& operator=(Configuration&&) = delete;

  const std::string& requested() const { return requested_; }
  /// As given on the command line; nothing for an exact configuration.
  std::optional<double> density() const { return density_; }
  bool baseline() const { return kind_ == Kind::baseline; }

 private:
  friend class Reduction;
  enum class Kind { baseline, exact, lossy };

  Configuration(const std::string& requested, Kind kind);

  std::string requested_;
  Kind kind_;
  std::optional<double> density_;
  MPI_Comm comm_ = MPI_COMM_NULL;
};

/// One message under one configuration, run repeatedly. An exact configuration times the blocking call. A
/// lossy one times a persistent request, as training uses it, so that the residual's memory traffic is
/// counted. Nonblocking runs use MPI_Iallreduce, or persistent requests for every configuration of Pliant.
class Reduction {
 public:
  /// Collective. Throws apps::Refused.
  Reduction(const Configuration& configuration, const Message& message, bool nonblocking);
  ~Reduction();
  Reduction(const Reduction&) = delete;
  Reduction& operator=(const Reduction&) = delete;
  Reduction(Reduction&& other) noexcept;
  Reduction& operator=(Reduction&&) = delete;

  /// Collective. Throws apps::Refused.
  void run();
  /// The parts of a nonblocking run. Once test() has returned true, wait() has nothing left to do. Throw
  /// apps::Refused.
  void start();
  bool test();
  void wait();
  /// Pliant's report of the last run; nothing where MPI ran alone.
  std::optional<Pliant_Report> report() const;
  /// The report of the first run, when only the probe's measurements were known.
  const std::optional<Pliant_Report>& first_report() const { return first_report_; }
  const Configuration& configuration() const { return *configuration_; }

 private:
  /// The message with its buffers replaced by the host copies, which have been filled.
  Message copied();

  const Configuration* configuration_;
  Message message_;
  bool nonblocking_;
  std::optional<Pliant_Report> first_report_;
  Pliant_Request request_ = PLIANT_REQUEST_NULL;
  MPI_Request mpi_request_ = MPI_REQUEST_NULL;  ///< of the baseline, between start() and its completion
  std::unique_ptr<PinnedCopies> copies_;        ///< of the baseline, where it copies
};

/// The configurations that the options ask for, in their order. Collective. Throws apps::Refused.
std::vector<Configuration> make_configurations(const Options& options);

}  // namespace pliant::bench
