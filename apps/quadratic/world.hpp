// Who plays which role, and the messages between them.
//
// One process plays all roles; otherwise rank 0 is the server and rank m is worker m. The same bytes travel.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pliant::quadratic {

/// What goes with the server's message; not counted as traffic, since time is simulated.
struct Signal {
  double arrived_s = 0;     ///< simulated time when the message has arrived
  std::int64_t bytes = -1;  ///< of the message; < 0: the run has ended
};

class World {
 public:
  /// One process that plays all roles, without MPI.
  World() = default;
  /// MPI_COMM_WORLD. Errors of MPI end the program.
  static World join();

  bool is_server() const { return rank_ == 0; }
  int ranks() const { return ranks_; }
  /// Workers played here, from 1; `workers` of them in all.
  std::vector<int> own_workers(int workers) const;

  /// Collective. Everybody has rank 0's.
  void broadcast(Signal& signal, std::vector<std::byte>& message) const;
  /// Collective. messages: [workers played here]; returns [workers] at the server, nothing elsewhere.
  std::vector<std::vector<std::byte>> gather(std::vector<std::vector<std::byte>> messages) const;
  /// Collective. Everybody has rank 0's.
  int shared(int value) const;
  /// Collective. Whether any rank says so; and whether this one is the first of them.
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
