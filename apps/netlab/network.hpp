// The running network: hosts' devices on one side, the fabric's computation in between, the clock beside it.
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

/// How late frames were handed over, against the time the model says: if the machine is too busy to keep the
/// network's time, it shows here.
struct Lateness {
  /// Upper ends of the classes [us]: 1, 2, 4, ... and all that is later.
  static constexpr std::size_t kClasses = 18;
  std::array<std::int64_t, kClasses> frames{};
  TimeNs most_ns = 0;

  void count(TimeNs late_ns);
};

struct HostCounts {
  LinkCounts up;
  LinkCounts down;
  std::int64_t refused = 0;  ///< frames the host's device did not take
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
  /// @param keeps_awake  processors, while frames travel (wakefulness.hpp)
  Network(std::vector<Host> hosts, const LinkSettings& link, std::uint64_t seed, bool keeps_awake);

  /// Run for ever, on this thread, with real-time priority where that is allowed.
  [[noreturn]] void run();

  /// The following may be called by other threads; they wait until run() has done it.
  void change(const std::vector<int>& hosts, const std::vector<Assignment>& assignments);
  /// Follow a schedule from now on, instead of any before.
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
  TimeNs last_change_ = 0;  ///< by the schedule; when it should have been
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
  TimeNs last_frame_ = 0;  ///< when a host last sent one
  TimeNs oversleep_ = 0;   ///< how much later than asked the thread woke up of late
};

}  // namespace pliant::netlab
