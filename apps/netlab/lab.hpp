// A lab: processes, namespaces and devices that begin and end together.
//
//   command --- keeper --- PID 1 of a PID namespace: the network's thread and the control thread
//                             +-- whatever runs on the hosts
//
// PID 1 ends when it is told to, when the command that owns it is gone, or when it is killed; then the
// kernel ends every process of the lab, and with the last one the namespaces and devices. The keeper waits
// for that and removes the lab's folder.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/netlab/descriptor.hpp"
#include "apps/netlab/host.hpp"
#include "apps/netlab/schedule.hpp"

namespace pliant::netlab {

struct LabOptions {
  int hosts = 2;
  int ranks_per_host = 1;
  unsigned mtu = kDefaultMtu;
  LinkSettings link;
  ScheduleOptions schedule;  ///< its hosts and link are set from the two above
  std::uint64_t seed = 1;    ///< of jitter
  bool rootless = false;     ///< use a user namespace even where it is not needed
  bool awake = false;        ///< keep idle processors awake while frames travel (wakefulness.hpp)
  bool outlives = false;     ///< go on when the command that started it is gone
};

class Lab {
 public:
  /// Start, and return when everything is in place. Throws Error, or Unsupported; nothing is left then.
  static Lab start(const LabOptions& options);

  Lab(Lab&& other) noexcept = default;
  /// Ends it, unless it outlives, and waits until all of it is gone.
  ~Lab();

  /// For a child of the process that started it: leave the lab to that one.
  void disown() { life_.close(); }

  const std::filesystem::path& socket() const { return socket_; }
  /// Readable when the lab has ended.
  const Descriptor& keeper() const { return keeper_; }

 private:
  Lab() = default;
  void end();

  std::filesystem::path socket_;
  Descriptor life_;  ///< the lab ends when this closes
  Descriptor keeper_;
};

}  // namespace pliant::netlab
