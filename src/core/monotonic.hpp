// The system's monotonic clock, with which other programs on the machine stamp their events.
#pragma once

namespace pliant {

/// CLOCK_MONOTONIC [s]. For timestamps and for work without MPI. Durations of messages come from MPI_Wtime.
double monotonic_s();

}  // namespace pliant
