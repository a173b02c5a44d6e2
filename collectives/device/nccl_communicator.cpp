#include "collectives/device/nccl_communicator.hpp"

#include <mpi.h>

#include "mpi/agree.hpp"
#include "mpi/check.hpp"

namespace pliant {

NcclCommunicator::NcclCommunicator(const cuda::NcclCalls& calls, cuda::Device& device, double timeout_s)
    : calls_(calls), device_(device), event_(device), timeout_s_(timeout_s), since_s_(MPI_Wtime()) {}

NcclCommunicator::~NcclCommunicator() {
  wait_no_more();
  if (comm_ == nullptr || state_ == State::broken) return;
  const cuda::OnDevice here(device_);
  since_s_ = MPI_Wtime();
  if (took(calls_.comm_finalize(comm_), "ncclCommFinalize"))
    while (state_ == State::busy && !settled()) continue;
  if (state_ == State::broken) return;
  calls_.comm_destroy(comm_);
  state_ = State::closed;
}

std::unique_ptr<NcclCommunicator> NcclCommunicator::connect(const cuda::NcclCalls& calls,
                                                            cuda::Device& device, Communicator& comm,
                                                            double timeout_s, std::string& why_not) {
  const cuda::OnDevice here(device);
  // The root sends its identity and its error code together, so no rank waits for a root that has none.
  struct {
    cuda::NcclUniqueId id{};
    int code = 0;
  } root;
  if (comm.rank() == 0) root.code = calls.get_unique_id(&root.id);
  check(MPI_Bcast(&root, sizeof root, MPI_BYTE, 0, comm.handle()), "MPI_Bcast");
  std::unique_ptr<NcclCommunicator> made(new NcclCommunicator(calls, device, timeout_s));
  if (made->took(root.code, "ncclGetUniqueId") &&
      made->took(calls.comm_init_rank(&made->comm_, comm.ranks(), &root.id, comm.rank()), "ncclCommInitRank"))
    while (!made->settled()) continue;
  const int other = first_rank_where(comm, made->state_ != State::ready);
  if (other < 0) return made;
  why_not = "rank " + std::to_string(other) + " has no NCCL" + (made->why_.empty() ? "" : ": " + made->why_);
  made->abort("another rank has no NCCL");
  return nullptr;
}

bool NcclCommunicator::took(int code, const char* call) {
  if (code == 0 || code == calls_.in_progress) {
    state_ = State::busy;
    return true;
  }
  abort(std::string(call) + ": " + calls_.get_error_string(code));
  return false;
}

void NcclCommunicator::abort(const std::string& why) {
  if (state_ == State::broken) return;
  state_ = State::broken;
  why_ = why;
  const cuda::OnDevice here(device_);
  if (comm_ != nullptr) calls_.comm_abort(comm_);
  comm_ = nullptr;
  wait_no_more();
}

void NcclCommunicator::wait_no_more() {
  if (waiting_) --device_.waiting_work();
  waiting_ = false;
}

void NcclCommunicator::all_are_here() {
  since_s_ = MPI_Wtime();
}

bool NcclCommunicator::in_time(const char* what) {
  if (!since_s_ || MPI_Wtime() - *since_s_ < timeout_s_) return true;
  abort(std::string(what) + " took more than " + std::to_string(timeout_s_) +
        " s (pliant_nccl_timeout_s) after all ranks had come: a rank or the network is stuck");
  return false;
}

int NcclCommunicator::async_code() {
  const cuda::OnDevice here(device_);
  int code = 0;
  const int asked = calls_.comm_get_async_error(comm_, &code);
  return asked != 0 ? asked : code;
}

bool NcclCommunicator::settled() {
  if (state_ != State::busy) return true;
  const int code = async_code();
  if (code == calls_.in_progress) return !in_time("NCCL");
  if (code != 0) {
    abort(std::string("NCCL: ") + calls_.get_error_string(code));
    return true;
  }
  state_ = State::ready;
  return true;
}

template <class Call>
void NcclCommunicator::put(const char* name, Call&& call) {
  if (state_ != State::ready || !device_.ok()) return;
  const cuda::OnDevice here(device_);
  since_s_.reset();
  device_.order(device_.work(), device_.among_ranks());
  if (!device_.ok()) return;
  if (!waiting_) ++device_.waiting_work();
  waiting_ = true;
  took(call(), name);
}

void NcclCommunicator::all_reduce(void* memory, std::int64_t count, ElementType type, ReduceOp op) {
  put("ncclAllReduce", [&] {
    return calls_.all_reduce(memory, memory, static_cast<std::size_t>(count), type, op, comm_,
                             device_.among_ranks());
  });
}

void NcclCommunicator::broadcast(void* memory, std::int64_t bytes, int root) {
  put("ncclBroadcast", [&] {
    return calls_.broadcast(memory, static_cast<std::size_t>(bytes), root, comm_, device_.among_ranks());
  });
}

void NcclCommunicator::finish() {
  if (state_ == State::ready) event_.mark(device_.among_ranks());
}

bool NcclCommunicator::finished() {
  if (state_ == State::broken) {
    device_.fail(why_);
    return true;
  }
  if (event_.past()) {
    wait_no_more();
    return true;
  }
  const int code = async_code();
  if (code != 0 && code != calls_.in_progress) {
    abort(std::string("NCCL: ") + calls_.get_error_string(code));
  } else {
    in_time("an operation by NCCL");
  }
  return false;
}

}  // namespace pliant
