// cuda::nccl_calls() of the double.
#include <mpi.h>

#include <cstring>
#include <utility>

#include "nccl_comm.hpp"

namespace pliant::test {
namespace {

using cuda::NcclComm;
using cuda::NcclUniqueId;
using cuda::Stream;

constexpr char kMark[8] = "double";
/// Tags begin here: two per communicator, for this many from each process. MPI guarantees tags up to 32767.
constexpr int kFirstTag = 18000, kIdsPerProcess = 128;

/// Runs `work` under the lock, unless the call is planned to fail.
template <class Work>
int call(std::string_view name, Work&& work) {
  const std::lock_guard lock(device_double().mutex());
  const int code = nccl_double().failures().begin(name);
  return code != 0 ? code : work();
}

/// Runs `work(communicator)` if the handle is valid.
template <class Work>
int with(std::string_view name, NcclComm handle, Work&& work) {
  return call(name, [&] {
    auto& comms = nccl_double().comms();
    const auto found = comms.find(handle);
    return found == comms.end() ? kNcclInvalidArgument : work(found->second);
  });
}

bool mpi_runs() {
  int begun = 0, over = 0;
  PMPI_Initialized(&begun);
  PMPI_Finalized(&over);
  return begun != 0 && over == 0;
}

int get_unique_id(NcclUniqueId* id) {
  return call("get_unique_id", [&] {
    if (!mpi_runs()) return kNcclSystemError;
    IdContent content{};
    std::memcpy(content.mark, kMark, sizeof kMark);
    PMPI_Comm_rank(MPI_COMM_WORLD, &content.creator);
    content.tag =
        kFirstTag + 2 * (content.creator * kIdsPerProcess + nccl_double().next_tag() % kIdsPerProcess);
    id->fill(0);
    std::memcpy(id->data(), &content, sizeof content);
    return 0;
  });
}

int comm_init_rank(NcclComm* comm, int ranks, const NcclUniqueId* id, int rank) {
  return call("comm_init_rank", [&] {
    IdContent content{};
    std::memcpy(&content, id->data(), sizeof content);
    const bool made = std::memcmp(content.mark, kMark, sizeof kMark) == 0;
    if (!made || ranks < 1 || rank < 0 || rank >= ranks) return kNcclInvalidArgument;
    const auto device = device_double().current_device();
    const auto created = std::make_shared<DoubleComm>(ranks, rank, content, device);
    nccl_double().comms()[created.get()] = created;
    *comm = created.get();
    return kNcclInProgress;
  });
}

int comm_get_async_error(NcclComm handle, int* code) {
  return with("comm_get_async_error", handle, [&](const auto& comm) {
    *code = comm->poll();
    return 0;
  });
}

int comm_finalize(NcclComm handle) {
  return with("comm_finalize", handle,
              [](const auto& comm) { return comm->usable() ? comm->finalize() : kNcclInvalidArgument; });
}

/// NCCL would wait here for pending operations, perhaps for ever. The double reports that instead.
int comm_destroy(NcclComm handle) {
  return with("comm_destroy", handle, [&](const auto& comm) {
    if (!comm->idle() || comm->poll() != 0) return kNcclInvalidUsage;
    nccl_double().comms().erase(handle);
    return 0;
  });
}

int comm_abort(NcclComm handle) {
  return with("comm_abort", handle, [&](const auto& comm) {
    comm->abort();
    nccl_double().comms().erase(handle);
    return 0;
  });
}

int start(const auto& comm, const Task& task, Stream stream) {
  const auto on = device_double().stream(stream);
  if (!comm->usable() || on == nullptr || on->device != comm->device()) return kNcclInvalidArgument;
  if (task.bytes() > 0 && (task.send == nullptr || task.recv == nullptr)) return kNcclInvalidArgument;
  return comm->start(task, on);
}

int all_reduce(const void* send, void* recv, std::size_t count, ElementType type, ReduceOp op,
               NcclComm handle, Stream stream) {
  return with("all_reduce", handle, [&](const auto& comm) {
    return start(comm, {.send = send, .recv = recv, .count = count, .type = type, .op = op}, stream);
  });
}

int broadcast(void* memory, std::size_t bytes, int root, NcclComm handle, Stream stream) {
  return with("broadcast", handle, [&](const auto& comm) {
    if (root < 0 || root >= comm->ranks()) return kNcclInvalidArgument;
    return start(comm, {.send = memory, .recv = memory, .count = bytes, .root = root}, stream);
  });
}

const char* get_error_string(int code) {
  constexpr const char* kTexts[] = {"no error",
                                    "unhandled cuda error",
                                    "unhandled system error",
                                    "internal error",
                                    "invalid argument",
                                    "invalid usage",
                                    "remote process exited or there was a network error",
                                    "NCCL operation in progress"};
  return code >= 0 && code <= kNcclInProgress ? kTexts[code] : "unknown result code";
}

constexpr cuda::NcclCalls kCalls{
    .version = 22800,
    .in_progress = kNcclInProgress,
    .get_unique_id = get_unique_id,
    .comm_init_rank = comm_init_rank,
    .comm_get_async_error = comm_get_async_error,
    .comm_finalize = comm_finalize,
    .comm_destroy = comm_destroy,
    .comm_abort = comm_abort,
    .all_reduce = all_reduce,
    .broadcast = broadcast,
    .get_error_string = get_error_string,
};

}  // namespace

NcclDouble& nccl_double() {
  static NcclDouble only;
  return only;
}

NcclDouble::NcclDouble()
    : failures_({"get_unique_id", "comm_init_rank", "comm_get_async_error", "comm_finalize", "comm_destroy",
                 "comm_abort", "all_reduce", "broadcast"}) {}

void NcclDouble::reset(const NcclOptions& options) {
  const std::lock_guard lock(device_double().mutex());
  options_ = options;
  failures_.clear();
  failing_.clear();
  operations_ = 0;
}

void NcclDouble::fail(std::string_view call, int nth, int code, int times) {
  const std::lock_guard lock(device_double().mutex());
  failures_.fail(call, nth, code, times);
}

void NcclDouble::fail_operation(int nth, int code) {
  const std::lock_guard lock(device_double().mutex());
  failing_[operations_ + nth] = code;
}

std::string NcclDouble::leaks() const {
  return comms_.empty() ? "" : std::to_string(comms_.size()) + " NCCL communicators; ";
}

int NcclDouble::next_tag() {
  return made_ids_++;
}

bool NcclDouble::begin_operation(int* code) {
  const auto found = failing_.find(++operations_);
  if (found == failing_.end()) return false;
  *code = found->second;
  return true;
}

}  // namespace pliant::test

namespace pliant::cuda {

const NcclCalls* nccl_calls() {
  return &test::kCalls;
}

}  // namespace pliant::cuda
