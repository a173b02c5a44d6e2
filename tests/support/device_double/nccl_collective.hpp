// One collective of the NCCL double, in steps that do not block.
//
//   check   every rank tells comm rank 0 what it was asked to do; rank 0 compares, and tells everybody
//   data    all_reduce: all send to rank 0, which adds up in order of ranks, and sends the result back
//           broadcast: root sends to everybody
// A rank that does not take part is waited for in `check`, with nothing but small messages under way.
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
  std::size_t count = 0;  ///< elements; bytes of a broadcast
  int root = -1;          ///< of a broadcast
  ElementType type = ElementType::float32;
  ReduceOp op = ReduceOp::sum;

  bool broadcast() const { return root >= 0; }
  std::size_t bytes() const {
    return broadcast() ? count : count * static_cast<std::size_t>(element_bytes(type));
  }
};

/// Who takes part: ranks of MPI_COMM_WORLD by rank of the communicator.
struct Members {
  std::vector<int> world;
  int rank = 0;
  int tag = 0;
};

class Collective {
 public:
  enum class State { under_way, done, mismatched };

  /// `own`: what is to be sent, already copied.
  Collective(const Task& task, const Members& members, Bytes own);
  State advance();
  const Bytes& result() const { return data_; }  ///< when it is done

 private:
  enum class Phase { check, verdict, data, sent, mismatched };

  bool all_arrived();
  void compare();
  bool next();  ///< true: go on at once
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
