#include "mpi/locality.hpp"

#include <hwloc.h>

#include <memory>
#include <type_traits>

#include "core/error.hpp"

namespace pliant {
namespace {

using Topology = std::unique_ptr<std::remove_pointer_t<hwloc_topology_t>, decltype(&hwloc_topology_destroy)>;
using CpuSet = std::unique_ptr<std::remove_pointer_t<hwloc_bitmap_t>, decltype(&hwloc_bitmap_free)>;

Topology new_topology() {
  hwloc_topology_t made = nullptr;
  return hwloc_topology_init(&made) == 0 ? Topology(made, hwloc_topology_destroy)
                                         : Topology(nullptr, hwloc_topology_destroy);
}

CpuSet new_cpu_set() {
  return CpuSet(hwloc_bitmap_alloc(), hwloc_bitmap_free);
}

/// Returns the logical number of the only object of a type that contains all of `cpus`.
int holding(hwloc_topology_t topology, hwloc_obj_type_t type, hwloc_const_bitmap_t cpus) {
  for (hwloc_obj_t object = hwloc_get_next_obj_by_type(topology, type, nullptr); object != nullptr;
       object = hwloc_get_next_obj_by_type(topology, type, object))
    if (hwloc_bitmap_isincluded(cpus, object->cpuset) != 0) return static_cast<int>(object->logical_index);
  return Locality::kAnywhere;
}

Locality locality_of(hwloc_topology_t topology, hwloc_const_bitmap_t cpus) {
  if (hwloc_bitmap_iszero(cpus) != 0) return {};
  const bool has_l3 = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_L3CACHE) > 0;
  return {holding(topology, HWLOC_OBJ_PACKAGE, cpus),
          holding(topology, has_l3 ? HWLOC_OBJ_L3CACHE : HWLOC_OBJ_NUMANODE, cpus)};
}

/// Also reads objects that a batch system hides from this process, so that objects have the same numbers in
/// all.
Locality look() {
  const Topology topology = new_topology();
  const CpuSet cpus = new_cpu_set();
  if (topology == nullptr || cpus == nullptr) return {};
  hwloc_topology_set_flags(topology.get(), HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  if (hwloc_topology_load(topology.get()) != 0) return {};
  if (hwloc_get_cpubind(topology.get(), cpus.get(), HWLOC_CPUBIND_PROCESS) != 0) return {};
  return locality_of(topology.get(), cpus.get());
}

}  // namespace

std::string hwloc_version() {
  const unsigned version = hwloc_get_api_version();
  return "hwloc API " + std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 0xFF) + "." +
         std::to_string(version & 0xFF);
}

// hwloc takes milliseconds to read the machine, so read it once per process.
Locality locality_of_process() {
  static const Locality found = look();
  return found;
}

Locality locality_in(const std::string& topology, const std::string& cpus) {
  const Topology machine = new_topology();
  const CpuSet set = new_cpu_set();
  if (machine == nullptr || set == nullptr ||
      hwloc_topology_set_synthetic(machine.get(), topology.c_str()) != 0 ||
      hwloc_topology_load(machine.get()) != 0 || hwloc_bitmap_list_sscanf(set.get(), cpus.c_str()) != 0)
    throw Error(ErrorClass::argument, "processors '" + cpus + "' of the machine '" + topology + "'",
                "hwloc must be able to read both",
                "Write them as in its manual: pack:2 l3:2 pu:2, and 0-1,5");
  return locality_of(machine.get(), set.get());
}

}  // namespace pliant
