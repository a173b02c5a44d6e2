// NCCL among the ranks of a communicator, one device each.
//
//   connecting --> busy <--> ready --> busy --> closed
//        \__________\_________\_________\____> broken
//
// NCCL's calls do not block here. After each call NCCL is polled until it has done with it, for at most
// timeout_s from when all ranks have come. Any error or timeout aborts the communicator. The device then
// counts as failed, and the ranks learn of it when they agree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/element_type.hpp"
#include "kernels/cuda/device.hpp"
#include "kernels/cuda/nccl_calls.hpp"
#include "mpi/communicator.hpp"

namespace pliant {

class NcclCommunicator {
 public:
  enum class State { connecting, ready, busy, closed, broken };

  /// Collective. Returns null on all ranks if any of them cannot connect; `why_not` then says why. The device
  /// stays usable.
  static std::unique_ptr<NcclCommunicator> connect(const cuda::NcclCalls& calls, cuda::Device& device,
                                                   Communicator& comm, double timeout_s,
                                                   std::string& why_not);
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;
  /// Closes the communicator. Collective, unless it is broken.
  ~NcclCommunicator();

  /// Runs after the work on the device's work stream. Ranks must call in one order. The next call may follow
  /// once settled() is true. memory: the device's.
  void all_reduce(void* memory, std::int64_t count, ElementType type, ReduceOp op);
  void broadcast(void* memory, std::int64_t bytes, int root);

  /// Call when all ranks have made the last call: timeout_s counts from now on. Before, a rank may be late by
  /// any time.
  void all_are_here();
  /// True once NCCL has accepted the last call, or has failed.
  bool settled();
  /// finish() marks the end of the work given to NCCL so far. finished() is true once that is done, or has
  /// failed.
  void finish();
  bool finished();

  /// Local. Stops NCCL's work and lets no more begin. The device stays usable.
  void abort(const std::string& why);

  State state() const { return state_; }

 private:
  NcclCommunicator(const cuda::NcclCalls& calls, cuda::Device& device, double timeout_s);
  bool took(int code, const char* call);
  template <class Call>
  void put(const char* name, Call&& call);
  void wait_no_more();
  bool in_time(const char* what);
  int async_code();

  const cuda::NcclCalls& calls_;
  cuda::Device& device_;
  cuda::DeviceEvent event_;
  double timeout_s_;
  std::optional<double> since_s_;  ///< [s] MPI_Wtime at which timeout_s starts; none: not all ranks have come
  bool waiting_ = false;           ///< counted among the device's waiting work
  cuda::NcclComm comm_ = nullptr;
  State state_ = State::connecting;
  std::string why_;
};

}  // namespace pliant
