// pliant_netlab selftest: how faithful the lab is on this machine, measured by ping and iperf3.
#pragma once

namespace pliant::netlab {

/// Prints a table of what was set, what was measured, and whether it is within its limit.
/// @return 0 if all are, 1 if not, 69 if ping or iperf3 are missing
int selftest(bool quick);

}  // namespace pliant::netlab
