// A lab: processes, namespaces and devices that start and end together.
//
//   command --- keeper --- PID 1 of a PID namespace: the network's thread and the control thread
//                             +-- whatever runs on the hosts
//
// PID 1 ends when it is told to, when the command that owns it is gone, or when it is killed. The kernel then
// ends every process of the lab, which removes the namespaces and devices. The keeper waits for that and
// removes the lab's folder.
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
  ScheduleOptions schedule;  ///< its hosts and link are copied from the two members above
  std::uint64_t seed = 1;    ///< seed of the jitter
  bool rootless = false;     ///< make a user namespace even if it is not needed
  bool awake = false;        ///< keep idle processors awake while frames travel (wakefulness.hpp)
  bool outlives = false;     ///< outlive the command that started it
};

class Lab {
 public:
  /// Starts a lab and returns when all of it is ready. Throws Error or Unsupported, and leaves nothing behind
  /// then.
  static Lab start(const LabOptions& options);

  Lab(Lab&& other) noexcept = default;
  /// Ends the lab, unless it outlives its command, and waits until it is gone.
  ~Lab();

  /// For a child process of the owner: leaves the lab to the owner.
  void disown() { life_.close(); }

  const std::filesystem::path& socket() const { return socket_; }
  /// Becomes readable when the lab has ended.
  const Descriptor& keeper() const { return keeper_; }

 private:
  Lab() = default;
  void end();

  std::filesystem::path socket_;
  Descriptor life_;  ///< the lab ends when this closes
  Descriptor keeper_;
};

}  // namespace pliant::netlab
