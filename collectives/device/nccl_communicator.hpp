// NCCL among the ranks of a communicator, one device each.
//
//   connecting --> busy <--> ready --> busy --> closed
//        \__________\_________\_________\____> broken
// NCCL's calls do not block here: after each one it is asked until it has done with it, for timeout_s at
// most. Any error, or time that runs out, aborts it; the device then counts as failed, and the ranks learn of
// it when they agree.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/element_type.hpp"
#include "kernels/cuda/device.hpp"
#include "kernels/cuda/nccl_calls.hpp"
#include "mpi/communicator.hpp"

namespace pliant {

class NcclCommunicator {
 public:
  enum class State { connecting, ready, busy, closed, broken };

  /// Collective. Null on all ranks if any of them cannot have it: `why_not` tells then. The device keeps
  /// well.
  static std::unique_ptr<NcclCommunicator> connect(const cuda::NcclCalls& calls, cuda::Device& device,
                                                   Communicator& comm, double timeout_s,
                                                   std::string& why_not);
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;
  /// Closes it: collective, where it is not broken.
  ~NcclCommunicator();

  /// To be put on the device's work stream; in the same order on all ranks. settled() tells when the next may
  /// come. memory: the device's.
  void all_reduce(void* memory, std::int64_t count, ElementType type, ReduceOp op);
  void broadcast(void* memory, std::int64_t bytes, int root);

  /// NCCL has taken the last call, or has failed.
  bool settled();
  /// What was put on the work stream until finish() has been done, or has failed.
  void finish();
  bool finished();

  State state() const { return state_; }

 private:
  NcclCommunicator(const cuda::NcclCalls& calls, cuda::Device& device, double timeout_s);
  bool took(int code, const char* call);
  bool in_time(const char* what);
  void abort(const std::string& why);
  int async_code();

  const cuda::NcclCalls& calls_;
  cuda::Device& device_;
  cuda::Moment moment_;
  double timeout_s_;
  double since_s_ = 0;  ///< [s] MPI_Wtime when it was last asked for something
  cuda::NcclComm comm_ = nullptr;
  State state_ = State::connecting;
  std::string why_;
};

}  // namespace pliant
