#include "apps/netlab/network.hpp"

#include <malloc.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <span>
#include <utility>

#include "apps/netlab/wire.hpp"

namespace pliant::netlab {
namespace {

// Longest frame: 64 KiB of IP, its header, and virtio_net's.
constexpr std::size_t kLongestFrame = 65536 + 64;
// Shorter frames are copied out of the read buffer; longer frames keep it.
constexpr std::size_t kCopied = 16384;
constexpr int kFramesAtOnce = 32;
constexpr int kPriority = 10;
// Processors are kept awake for kInUse after a frame and kBeforeChange before a change. Before a change, the
// thread polls the clock instead of sleeping: for kLookBeforeChange at most, and for 1 / kMostShare of the
// time since the last one.
constexpr TimeNs kInUse = 1'000'000'000;
constexpr TimeNs kBeforeChange = 50'000'000;
constexpr TimeNs kLookBeforeChange = 2'000'000;
constexpr TimeNs kMostShare = 10;

std::shared_ptr<std::byte[]> new_buffer(std::size_t bytes) {
  return std::shared_ptr<std::byte[]>(new std::byte[bytes]);
}

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / kNsPerS;
}

/// Gives this thread priority over all programs on the hosts. Children do not inherit it.
bool become_realtime() {
  // If refused, at least keep the kernel from delaying this thread's timers to save wake-ups.
  prctl(PR_SET_TIMERSLACK, 1UL);
  const sched_param priority{.sched_priority = kPriority};
  return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) == 0;
}

}  // namespace

void Lateness::count(TimeNs late_ns) {
  const auto us = static_cast<std::uint64_t>(std::max(TimeNs{0}, late_ns)) / 1000;
  ++frames[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(us)), kClasses - 1)];
  most_ns = std::max(most_ns, late_ns);
}

Network::Network(std::vector<Host> hosts, const LinkSettings& link, std::uint64_t seed, bool keeps_awake)
    : hosts_(std::move(hosts)),
      refused_(hosts_.size(), 0),
      fabric_(static_cast<int>(hosts_.size()), seed,
              [this](Frame&& frame, TimeNs due) { hand_over(std::move(frame), due); }),
      events_(check_system(epoll_create1(EPOLL_CLOEXEC), "making an epoll descriptor")),
      scratch_(new_buffer(kLongestFrame)),
      keeps_awake_(keeps_awake) {
  // Thousands of frames come and go: keep their memory.
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  const auto watch = [&](const Descriptor& descriptor, std::size_t number) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = number}};
    check_system(epoll_ctl(events_.get(), EPOLL_CTL_ADD, descriptor.get(), &event), "watching a descriptor");
  };
  for (std::size_t host = 0; host < hosts_.size(); ++host) {
    watch(hosts_[host].device(), host);
    const TimeNs now = now_ns();
    fabric_.set(static_cast<int>(host), link, now);
    hosts_[host].shape(link.up_bits_per_s);
    journal_.push_back({now_ns(), std::nullopt, static_cast<int>(host), link, Cause::start});
  }
  watch(mailbox_.signal(), hosts_.size());
}

void Network::run() {
  if (keeps_awake_) wakefulness_.begin();
  is_realtime_ = become_realtime();
  started_ = now_ns();
  setup_s_ = thread_seconds();
  while (true) {
    const TimeNs now = now_ns();
    follow_schedule(now);
    fabric_.advance(now);
    if (keeps_awake_) wakefulness_.keep(is_in_use(now));
    wait(wake_time());
  }
}

TimeNs Network::next_change() const {
  return schedule_.front() ? schedule_start_ + to_ns(schedule_.front()->time_s) : kNever;
}

/// True if a host has sent recently, or a change is due soon.
bool Network::is_in_use(TimeNs now) const {
  return now - last_frame_ < kInUse || (next_change() != kNever && next_change() - now < kBeforeChange);
}

/// When to stop sleeping and start to poll the clock. A sleeping processor wakes up late, and one of a
/// virtual machine may be away for milliseconds. Frames allow for the usual delay. Changes are rare, so they
/// allow for more.
TimeNs Network::wake_time() const {
  const TimeNs frame = fabric_.next() == kNever ? kNever : fabric_.next() - oversleep_;
  const TimeNs change = next_change();
  const TimeNs now = now_ns();
  TimeNs time = frame;
  if (change != kNever) {
    const TimeNs soon = change - kBeforeChange;
    const TimeNs early = change - std::min(kLookBeforeChange, (change - last_change_) / kMostShare);
    time = std::min(time, keeps_awake_ && soon > now ? soon : early);
  }
  // Wake up once more to see that the network is no longer in use.
  return keeps_awake_ && now - last_frame_ < kInUse ? std::min(time, last_frame_ + kInUse) : time;
}

/// Waits until `until`, or until a host sends or another thread posts work, and handles that.
void Network::wait(TimeNs until) {
  const TimeNs rest = until == kNever ? 0 : std::max(TimeNs{0}, until - now_ns());
  const timespec timeout{rest / 1'000'000'000, rest % 1'000'000'000};
  std::array<epoll_event, kMostHosts + 1> ready{};
  const int count = epoll_pwait2(events_.get(), ready.data(), static_cast<int>(ready.size()),
                                 until == kNever ? nullptr : &timeout, nullptr);
  if (count == 0 && rest > 0) learn_oversleep(until);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t number = ready[static_cast<std::size_t>(i)].data.u64;
    if (number == hosts_.size()) {
      mailbox_.run_all();
    } else {
      read_device(static_cast<int>(number));
    }
  }
}

/// Follows the median delay of a wake-up. Rare long absences of the processor must not count, or every wait
/// would be spent polling.
void Network::learn_oversleep(TimeNs asked) {
  constexpr TimeNs kStep = 1'000;
  constexpr TimeNs kMost = 150'000;
  const TimeNs step = now_ns() - asked > oversleep_ ? kStep : -kStep;
  oversleep_ = std::clamp(oversleep_ + step, TimeNs{0}, kMost);
}

void Network::read_device(int host) {
  const int device = hosts_[static_cast<std::size_t>(host)].device().get();
  for (int i = 0; i < kFramesAtOnce; ++i) {
    const ssize_t bytes = ::read(device, scratch_.get(), kLongestFrame);
    if (bytes < static_cast<ssize_t>(kVirtioHeader + kEthernetHeader)) return;
    const TimeNs now = now_ns();
    Frame frame;
    frame.bytes = static_cast<std::uint32_t>(bytes);
    frame.wire_bytes = wire_bytes({scratch_.get(), frame.bytes});
    frame.source = host;
    const auto destination = host_of(scratch_.get() + kVirtioHeader, fabric_.hosts());
    if (!destination) continue;
    last_frame_ = now;
    frame.destination = *destination;
    if (frame.bytes > kCopied) {
      frame.data = std::exchange(scratch_, new_buffer(kLongestFrame));
    } else {
      frame.data = new_buffer(frame.bytes);
      std::memcpy(frame.data.get(), scratch_.get(), frame.bytes);
    }
    fabric_.send(std::move(frame), now);
    if (fabric_.next() <= now) fabric_.advance(now);
  }
}

void Network::hand_over(Frame&& frame, TimeNs due) {
  const auto host = static_cast<std::size_t>(frame.destination);
  lateness_.count(now_ns() - due);
  const ssize_t written = ::write(hosts_[host].device().get(), frame.data.get(), frame.bytes);
  if (written < 0) ++refused_[host];
}

void Network::follow_schedule(TimeNs now) {
  while (next_change() <= now) {
    const Change change = *schedule_.front();
    last_change_ = next_change();
    set(change.hosts, change.assignments, Cause::schedule, last_change_);
    schedule_.pop();
  }
}

/// Changes the model first, since it decides, then each host's own shaping with one system call.
void Network::set(const std::vector<int>& hosts, const std::vector<Assignment>& assignments, Cause cause,
                  std::optional<TimeNs> scheduled) {
  const TimeNs now = now_ns();
  fabric_.advance(now);
  for (const int host : hosts) {
    LinkSettings settings = fabric_.settings(host);
    assign(assignments, settings);
    fabric_.set(host, settings, now);
  }
  for (const int host : hosts) {
    const LinkSettings& settings = fabric_.settings(host);
    hosts_[static_cast<std::size_t>(host)].shape(settings.up_bits_per_s);
    journal_.push_back({now_ns(), scheduled, host, settings, cause});
  }
}

void Network::change(const std::vector<int>& hosts, const std::vector<Assignment>& assignments) {
  mailbox_.execute([&] { set(hosts, assignments, Cause::command, std::nullopt); });
}

void Network::follow(Schedule schedule) {
  mailbox_.execute([&] {
    schedule_ = std::move(schedule);
    schedule_start_ = last_change_ = now_ns();
  });
}

NetworkCounts Network::count_now() const {
  NetworkCounts counts;
  for (int host = 0; host < fabric_.hosts(); ++host)
    counts.hosts.push_back(
        {fabric_.up_counts(host), fabric_.down_counts(host), refused_[static_cast<std::size_t>(host)]});
  counts.lateness = lateness_;
  counts.busy_s = thread_seconds() - setup_s_;
  counts.running_s = to_s(now_ns() - started_);
  counts.is_realtime = is_realtime_;
  return counts;
}

NetworkCounts Network::counts() {
  NetworkCounts counts;
  mailbox_.execute([&] { counts = count_now(); });
  return counts;
}

std::vector<JournalEntry> Network::journal() {
  std::vector<JournalEntry> entries;
  mailbox_.execute([&] { entries = journal_; });
  return entries;
}

LinkSettings Network::settings(int host) {
  LinkSettings settings;
  mailbox_.execute([&] { settings = fabric_.settings(host); });
  return settings;
}

}  // namespace pliant::netlab
