// The system's monotonic clock: what other programs of the machine stamp their events with.
#pragma once

namespace pliant {

/// Seconds of CLOCK_MONOTONIC. For stamps and for work without MPI; durations of messages are MPI_Wtime's.
double monotonic_s();

}  // namespace pliant
