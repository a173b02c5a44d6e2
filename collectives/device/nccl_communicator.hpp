// NCCL among the ranks of a communicator, one device each.
//
//   connecting --> busy <--> ready --> busy --> closed
//        \__________\_________\_________\____> broken
// NCCL's calls do not block here: after each one it is asked until it has done with it, for timeout_s at most
// from when all ranks have come. Any error, or time that runs out, aborts it; the device then counts as
// failed, and the ranks learn of it when they agree.
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

  /// Collective. Null on all ranks if any of them cannot have it: `why_not` tells then. The device keeps
  /// well.
  static std::unique_ptr<NcclCommunicator> connect(const cuda::NcclCalls& calls, cuda::Device& device,
                                                   Communicator& comm, double timeout_s,
                                                   std::string& why_not);
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;
  /// Closes it: collective, where it is not broken.
  ~NcclCommunicator();

  /// After what is on the device's work stream; in the same order on all ranks. settled() tells when the next
  /// may come. memory: the device's.
  void all_reduce(void* memory, std::int64_t count, ElementType type, ReduceOp op);
  void broadcast(void* memory, std::int64_t bytes, int root);

  /// All ranks have made the last call: a rank may be late by any time, and NCCL by timeout_s from now on.
  void all_are_here();
  /// NCCL has taken the last call, or has failed.
  bool settled();
  /// What NCCL was given until finish() has been done, or has failed.
  void finish();
  bool finished();

  /// Local: nothing of it goes on, and nothing more begins. The device keeps well.
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
  cuda::Moment moment_;
  double timeout_s_;
  std::optional<double> since_s_;  ///< [s] MPI_Wtime from when on time counts; none: ranks are yet to come
  bool waiting_ = false;           ///< counted among the device's waiting work
  cuda::NcclComm comm_ = nullptr;
  State state_ = State::connecting;
  std::string why_;
};

}  // namespace pliant
