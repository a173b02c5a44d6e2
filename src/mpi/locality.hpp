// The place on its host where a process may run: its package (socket) and its last-level cache.
#pragma once

#include <string>

namespace pliant {

/// hwloc's logical numbers for the whole machine, equal in all of its processes.
struct Locality {
  static constexpr int kAnywhere = -1;  ///< not bound to a single one, or unknown

  int package = kAnywhere;
  int cache = kAnywhere;  ///< L3; the NUMA node on a machine without one

  friend bool operator==(const Locality&, const Locality&) = default;
};

/// For example "hwloc API 2.8.0". "no hwloc" in a build without it, where every process is at kAnywhere.
std::string hwloc_version();

/// Returns the locality of this process, as it was bound at the first call.
Locality locality_of_process();

/// Returns the locality of a process bound to `cpus`, a list such as "0-3,8". `topology` is in the form of
/// hwloc's synthetic topologies ("pack:2 l3:2 core:4 pu:1"). Throws Error(argument) if hwloc cannot read
/// them, or is missing.
Locality locality_in(const std::string& topology, const std::string& cpus);

}  // namespace pliant
