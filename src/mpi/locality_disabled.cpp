// The functions of locality.hpp in a build without hwloc: every locality is unknown.
#include "core/error.hpp"
#include "mpi/locality.hpp"

namespace pliant {

std::string hwloc_version() {
  return "no hwloc";
}

Locality locality_of_process() {
  return {};
}

Locality locality_in(const std::string& topology, const std::string&) {
  throw Error(ErrorClass::argument, "cannot read the machine '" + topology + "'",
              "this Pliant was built without hwloc",
              "Install the package libhwloc-dev and build Pliant again");
}

}  // namespace pliant
