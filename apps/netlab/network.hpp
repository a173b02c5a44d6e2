// The running network: it connects the hosts' devices, the fabric's computation and the clock.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "apps/netlab/fabric.hpp"
#include "apps/netlab/host.hpp"
#include "apps/netlab/journal.hpp"
#include "apps/netlab/mailbox.hpp"
#include "apps/netlab/schedule.hpp"
#include "apps/netlab/wakefulness.hpp"

namespace pliant::netlab {

/// How late frames were delivered, compared with the model. Large values mean that the machine is too busy to
/// keep the network's time.
struct Lateness {
  /// Upper limits of the classes [us]: 1, 2, 4, and so on; the last class has none.
  static constexpr std::size_t kClasses = 18;
  std::array<std::int64_t, kClasses> frames{};
  TimeNs most_ns = 0;

  void count(TimeNs late_ns);
};

struct HostCounts {
  LinkCounts up;
  LinkCounts down;
  std::int64_t refused = 0;  ///< frames that the host's device did not take
};

struct NetworkCounts {
  std::vector<HostCounts> hosts;
  Lateness lateness;
  double busy_s = 0;     ///< processor time of the thread that runs the network
  double running_s = 0;  ///< since run() began
  bool is_realtime = false;
};

class Network {
 public:
  /// @param keeps_awake  keep processors awake while frames travel (wakefulness.hpp)
  Network(std::vector<Host> hosts, const LinkSettings& link, std::uint64_t seed, bool keeps_awake);

  /// Runs for ever on this thread, with real-time priority if allowed.
  [[noreturn]] void run();

  /// Other threads may call these; they wait until run() has done the work.
  void change(const std::vector<int>& hosts, const std::vector<Assignment>& assignments);
  /// Follows a schedule from now on; replaces any other.
  void follow(Schedule schedule);
  NetworkCounts counts();
  std::vector<JournalEntry> journal();
  LinkSettings settings(int host);

  const std::vector<Host>& hosts() const { return hosts_; }

 private:
  void set(const std::vector<int>& hosts, const std::vector<Assignment>& assignments, Cause cause,
           std::optional<TimeNs> scheduled);
  void follow_schedule(TimeNs now);
  TimeNs next_change() const;
  TimeNs wake_time() const;
  bool is_in_use(TimeNs now) const;
  void wait(TimeNs until);
  void learn_oversleep(TimeNs asked);
  void read_device(int host);
  void hand_over(Frame&& frame, TimeNs due);
  NetworkCounts count_now() const;

  std::vector<Host> hosts_;
  std::vector<std::int64_t> refused_;
  Fabric fabric_;
  Schedule schedule_;
  TimeNs schedule_start_ = 0;
  TimeNs last_change_ = 0;  ///< when the schedule's last change was due
  std::vector<JournalEntry> journal_;
  Lateness lateness_;
  Mailbox mailbox_;
  Descriptor events_;
  std::shared_ptr<std::byte[]> scratch_;
  TimeNs started_ = 0;
  double setup_s_ = 0;  ///< processor time before run()
  bool is_realtime_ = false;
  bool keeps_awake_;
  Wakefulness wakefulness_;
  TimeNs last_frame_ = 0;  ///< when a host last sent a frame
  TimeNs oversleep_ = 0;   ///< recent delay of this thread's wake-ups
};

}  // namespace pliant::netlab
