// pliant_netlab selftest: measures with ping and iperf3 how faithful the lab is on this machine.
#pragma once

namespace pliant::netlab {

/// Prints a table: each setting, its measured value, and whether that is within its limit.
/// @return 0 if all are, 1 if not, 69 if ping or iperf3 is missing
int selftest(bool quick);

}  // namespace pliant::netlab
