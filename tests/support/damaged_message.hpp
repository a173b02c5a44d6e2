// Simulates a network that changes one bit of one message. Linked into a test, it intercepts MPI_Isend.
#pragma once

#include <atomic>

namespace pliant::test {

/// If true, one bit of this rank's next coded message changes, and this becomes false.
extern std::atomic<bool> damages_next;

}  // namespace pliant::test
