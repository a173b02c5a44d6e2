// A network that changes one bit of one message: linked into a test, it stands before MPI_Isend.
#pragma once

#include <atomic>

namespace pliant::test {

/// The next coded message that this rank sends gets one bit wrong; false again once that was done.
extern std::atomic<bool> damages_next;

}  // namespace pliant::test
