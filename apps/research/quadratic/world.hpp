// The roles of the processes, and the messages between them.
//
// One process may play all roles. Otherwise rank 0 is the server and rank m is worker m. The bytes sent are
// the same.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pliant::quadratic {

/// Accompanies the server's message. It does not count as traffic, since time is simulated.
struct Signal {
  double arrived_s = 0;     ///< simulated arrival time of the message
  std::int64_t bytes = -1;  ///< length of the message; < 0: the run has ended
};

class World {
 public:
  /// A single process that plays all roles, without MPI.
  World() = default;
  /// Joins MPI_COMM_WORLD. MPI errors end the program.
  static World join();

  bool is_server() const { return rank_ == 0; }
  int ranks() const { return ranks_; }
  /// Numbers of the workers that this process plays, from 1; `workers` is their total.
  std::vector<int> own_workers(int workers) const;

  /// Collective. All ranks receive rank 0's values.
  void broadcast(Signal& signal, std::vector<std::byte>& message) const;
  /// Collective. messages: of the workers played here. Returns [workers] on the server, nothing elsewhere.
  std::vector<std::vector<std::byte>> gather(std::vector<std::vector<std::byte>> messages) const;
  /// Collective. Returns rank 0's value.
  int shared(int value) const;
  /// Collective. Whether any rank refuses, and whether this rank is the first that does.
  struct Refusal {
    bool any;
    bool mine;
  };
  Refusal refuse(bool refused) const;

 private:
  int rank_ = 0;
  int ranks_ = 1;
};

}  // namespace pliant::quadratic
