// A collective of the NCCL double, in nonblocking steps.
//
//   check   every rank sends its task to rank 0 of the communicator, which compares them and answers all
//   ranks
//   data    all_reduce: all send to rank 0, which adds in order of ranks and returns the result
//           broadcast: root sends to all ranks
// In `check` ranks wait for absent ranks, with only small messages pending.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/element_type.hpp"
#include "nccl_mail.hpp"

namespace pliant::test {

struct Task {
  const void* send = nullptr;
  void* recv = nullptr;
  std::size_t count = 0;  ///< elements; bytes for a broadcast
  int root = -1;          ///< for a broadcast
  ElementType type = ElementType::float32;
  ReduceOp op = ReduceOp::sum;

  bool broadcast() const { return root >= 0; }
  std::size_t bytes() const {
    return broadcast() ? count : count * static_cast<std::size_t>(element_bytes(type));
  }
};

/// Participants: ranks in MPI_COMM_WORLD, by rank in the communicator.
struct Members {
  std::vector<int> world;
  int rank = 0;
  int tag = 0;
};

class Collective {
 public:
  enum class State { pending, done, mismatched };

  /// `own`: a copy of the data to send.
  Collective(const Task& task, const Members& members, Bytes own);
  State advance();
  const Bytes& result() const { return data_; }  ///< complete once it is done

 private:
  enum class Phase { check, verdict, data, sent, mismatched };

  bool all_arrived();
  void compare();
  bool next();  ///< true: call again at once
  void begin_data();
  void finish_data();
  void send_to_all(const Bytes& bytes);
  void expect(int from, std::size_t bytes);

  Task task_;
  const Members& members_;
  Bytes data_;
  Phase phase_ = Phase::check;
  std::vector<std::unique_ptr<Incoming>> incoming_;
  Outgoing outgoing_;
};

}  // namespace pliant::test
