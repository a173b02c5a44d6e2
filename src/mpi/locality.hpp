// Where on its host a process may run: in which package (socket), behind which last-level cache.
#pragma once

#include <string>

namespace pliant {

/// hwloc's logical numbers, which are those of the whole machine in every process on it.
struct Locality {
  static constexpr int kAnywhere = -1;  ///< bound to no single one, or nothing is known

  int package = kAnywhere;
  int cache = kAnywhere;  ///< L3; the NUMA node on a machine without one

  friend bool operator==(const Locality&, const Locality&) = default;
};

/// "hwloc API 2.8.0", or "no hwloc" in a build without it: every process is anywhere then.
std::string hwloc_version();

/// Of this process, as it was bound at the first call.
Locality locality_of_process();

/// Of a process bound to `cpus`, as a list ("0-3,8"), on a machine as hwloc's synthetic topologies write it
/// ("pack:2 l3:2 core:4 pu:1"). Throws Error(argument) where hwloc reads neither, or is missing.
Locality locality_in(const std::string& topology, const std::string& cpus);

}  // namespace pliant
