// What is compared: one way to reduce, and the communicator set up for it.
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
  /// Not null: the buffers are in its memory, which MPI does not take: the baseline copies.
  Accelerator* copied_from = nullptr;
};

/// One way to reduce, on a communicator of its own so that its settings are its own.
class Configuration {
 public:
  /// MPI itself: MPI_Allreduce, or MPI_Iallreduce.
  explicit Configuration(bool nonblocking);
  /// Pliant with `algorithm` forced ("auto": any), exact. Collective. Throws apps::Refused.
  Configuration(const std::string& requested, const std::string& algorithm);
  /// The same, lossy.
  Configuration(const std::string& requested, const std::string& algorithm, double density,
                bool error_feedback);
  ~Configuration();
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;
  Configuration(Configuration&& other) noexcept;
  Configuration& operator=(Configuration&&) = delete;

  const std::string& requested() const { return requested_; }
  /// As on the command line; nothing where it is exact.
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

/// One message under one configuration, as often as it is run. Exact: the blocking call. Lossy: a persistent
/// request, as training has it, so that the residual's memory goes with it. Nonblocking: MPI_Iallreduce, and
/// persistent requests for everything of Pliant's.
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
  /// The parts of a nonblocking run. Once test() was true, wait() has nothing left to do. Throw
  /// apps::Refused.
  void start();
  bool test();
  void wait();
  /// The last run, as Pliant tells it; nothing where MPI did it alone.
  std::optional<Pliant_Report> report() const;
  /// The first run, for which nothing but the probe was known of the network.
  const std::optional<Pliant_Report>& first_report() const { return first_report_; }
  const Configuration& configuration() const { return *configuration_; }

 private:
  /// The message with the copies' buffers, which have been filled.
  Message copied();

  const Configuration* configuration_;
  Message message_;
  bool nonblocking_;
  std::optional<Pliant_Report> first_report_;
  Pliant_Request request_ = PLIANT_REQUEST_NULL;
  MPI_Request mpi_request_ = MPI_REQUEST_NULL;  ///< the baseline's, between start() and its completion
  std::unique_ptr<PinnedCopies> copies_;        ///< the baseline's, where it copies
};

/// Those the options ask for, in their order. Collective. Throws apps::Refused.
std::vector<Configuration> make_configurations(const Options& options);

}  // namespace pliant::bench
