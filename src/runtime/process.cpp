#include "runtime/process.hpp"

#include <pliant/pliant.h>

#include <ctime>
#include <memory>
#include <random>

#include "core/monotonic.hpp"
#include "kernels/kernels.hpp"
#include "mpi/check.hpp"
#include "mpi/cuda_aware.hpp"
#include "mpi/family.hpp"
#include "runtime/context.hpp"
#include "runtime/guard.hpp"

namespace pliant {
namespace {

std::string mpi_text(int (*get)(char*, int*), int room) {
  std::string text(static_cast<std::size_t>(room), '\0');
  int length = 0;
  get(text.data(), &length);
  text.resize(static_cast<std::size_t>(length));
  return text.substr(0, text.find('\n'));
}

/// The key of the attribute on MPI_COMM_WORLD that marks the end.
int end_keyval() {
  static const int value = [] {
    int made = MPI_KEYVAL_INVALID;
    check(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &made, nullptr),
          "MPI_Comm_create_keyval");
    return made;
  }();
  return value;
}

bool was_spawned() {
  MPI_Comm parent = MPI_COMM_NULL;
  MPI_Comm_get_parent(&parent);
  return parent != MPI_COMM_NULL;
}

}  // namespace

int Process::keyval() {
  static const int value = [] {
    int made = MPI_KEYVAL_INVALID;
    check(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, on_finalize, &made, nullptr),
          "MPI_Comm_create_keyval");
    return made;
  }();
  return value;
}

// MPI_Finalize first deletes MPI_COMM_SELF's attributes, the last one set first. All of MPI still works then.
int Process::on_finalize(MPI_Comm, int, void* attribute, void*) {
  const std::unique_ptr<Process> process(static_cast<Process*>(attribute));
  MPI_Comm_set_attr(MPI_COMM_WORLD, end_keyval(), nullptr);
  process->progress_.stop_thread();
  const std::optional<Error> problem = attempt([&] { process->contexts_.end_all(); });
  if (problem) process->logger().warn(problem->what());
  process->end_trace_on(process->recorder_.close());
  return MPI_SUCCESS;
}

Process* Process::find() {
  void* attribute = nullptr;
  int found = 0;
  if (has_ended()) return nullptr;
  check(MPI_Comm_get_attr(MPI_COMM_SELF, keyval(), &attribute, &found), "MPI_Comm_get_attr");
  return found != 0 ? static_cast<Process*>(attribute) : nullptr;
}

bool Process::has_ended() {
  void* attribute = nullptr;
  int found = 0;
  check(MPI_Comm_get_attr(MPI_COMM_WORLD, end_keyval(), &attribute, &found), "MPI_Comm_get_attr");
  return found != 0;
}

Process& Process::instance() {
  static std::mutex making;
  const std::lock_guard lock(making);
  if (Process* const process = find()) return *process;
  if (has_ended())
    throw Error(ErrorClass::other, "Pliant has ended",
                "MPI_Finalize ends it before it runs callbacks that were set before Pliant's first call",
                "Call Pliant once before the attribute is set on MPI_COMM_SELF");
  auto process = std::unique_ptr<Process>(new Process);
  check(MPI_Comm_set_attr(MPI_COMM_SELF, keyval(), process.get()), "MPI_Comm_set_attr");
  return *process.release();
}

Process::Process() : begin_s_(MPI_Wtime()) {
  MPI_Comm_rank(MPI_COMM_WORLD, &world_rank_);
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Query_thread(&provided), "MPI_Query_thread");
  threads_call_mpi_ = provided == MPI_THREAD_MULTIPLE;
  std::random_device random;
  random_ = std::uint64_t{random()} << 32 | random();
  if (world_rank_ != 0) return;
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (const std::string problem = launcher_problem(ranks); !problem.empty()) logger().warn(problem);
  std::string lines = unknown_environment();
  while (!lines.empty()) {
    logger().warn(lines.substr(0, lines.find('\n')));
    lines.erase(0, lines.find('\n') + 1);
  }
}

const ProcessSettings& Process::settings() {
  const std::lock_guard lock(mutex_);
  if (!settings_read_) {
    settings_ = process_settings();
    choose_kernels(settings_.kernels);
    settings_read_ = true;
    open_trace();
  }
  return settings_;
}

std::optional<Error> Process::problem() {
  return attempt([&] { settings(); });
}

Team* Process::team() {
  const int threads = settings().threads;
  const std::lock_guard lock(mutex_);
  if (threads > 1 && !team_) team_.emplace(threads);
  return team_ ? &*team_ : nullptr;
}

bool Process::mpi_reads_device() const {
  if (settings_.cuda_aware == CudaAware::ask) return mpi_reads_device_memory();
  return settings_.cuda_aware == CudaAware::yes;
}

void Process::open_trace() {
  if (settings_.trace.empty() || world_rank_ != 0) return;
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const RunInfo info{.software_version = Pliant_Get_library_version(),
                     .start_date = iso8601_utc(std::time(nullptr)),
                     .mpi_library = mpi_text(MPI_Get_library_version, MPI_MAX_LIBRARY_VERSION_STRING),
                     .host = mpi_text(MPI_Get_processor_name, MPI_MAX_PROCESSOR_NAME),
                     .ranks = ranks,
                     .clock_monotonic_at_zero = monotonic_s() - since_begin_s(MPI_Wtime()),
                     .rank = world_rank_,
                     .spawned = was_spawned()};
  end_trace_on(recorder_.open(settings_.trace, info));
  if (!recorder_.notice().empty()) logger().warn(recorder_.notice());
}

void Process::record(const TraceEvent& event) {
  const std::lock_guard lock(mutex_);
  end_trace_on(recorder_.record(event));
}

void Process::end_trace_on(const TraceFailure& failure) const {
  if (failure) logger().warn(*failure + "; tracing is off");
}

void Process::remember_error(int code, const std::string& text) {
  const std::lock_guard lock(mutex_);
  last_code_ = code;
  last_text_ = text;
}

std::string Process::error_text(int code) {
  const std::lock_guard lock(mutex_);
  return code == last_code_ ? last_text_ : std::string();
}

std::int64_t Process::next_communicator() {
  const std::lock_guard lock(mutex_);
  return communicators_++;
}

ContextKey Process::next_key() {
  const std::lock_guard lock(mutex_);
  return {random_, keys_++};
}

}  // namespace pliant
