// The lower rank of a pair leads, and stops when its time is up.
#include "netprobe/netprobe.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

#include "mpi/agree.hpp"
#include "netprobe/fit.hpp"
#include "netprobe/pairing.hpp"
#include "netprobe/ping.hpp"

namespace pliant {
namespace {

/// Message sizes in the order in which they are tried. The first two are always measured. The second, 16 KiB,
/// is large enough to tell bandwidth from latency (1.3 ms at 100 Mbit/s), and small enough for a TCP window
/// opened by one warm-up message. The last, 4 MiB, fills a fast link with a long delay, and no cache holds
/// both ends.
constexpr std::array<std::int32_t, 8> kLadder_bytes{1,         16 << 10,  32 << 10, 64 << 10,
                                                    128 << 10, 256 << 10, 1 << 20,  4 << 20};
/// Used if single bytes suggest that twice 16 KiB there and back take too long: a minute on a link of 10
/// kbit/s. Round trips of 2 KiB show whether the link is slow, or somebody was busy.
constexpr std::array<std::int32_t, 9> kSlowLadder_bytes{1,         2 << 10,   16 << 10, 32 << 10, 64 << 10,
                                                        128 << 10, 256 << 10, 1 << 20,  4 << 20};
constexpr std::size_t kAlwaysMeasured = 2;
constexpr std::int32_t kTelling_bytes = 16 << 10;
constexpr double kTooLong_s = 0.5;
/// Bytes that a message of one byte occupies on a link, with the headers of MPI, TCP, IP and Ethernet, if
/// messages do not share them. So a link's time per byte is at most a burst's time per message over this.
constexpr double kSmallest_bytes = 60;
/// Partners that a rank measures whatever time it takes: of two links one may be disturbed.
constexpr int kLeastPartners = 2;
/// No round gets less than its part of this many rounds, nor begins with less than half of that part. A few
/// pairs measured well are better than many measured badly, with short messages alone.
constexpr int kFewRounds = 4;
constexpr int kMaxSamplesPerSize = 9;
constexpr double kStepShare =
    0.25;  ///< of the time left, for repeating a size when larger ones are to follow
/// Messages of a burst: enough for their gaps to outweigh the latency of the first, few enough for MPI to
/// take all.
constexpr int kBurst = 32;
constexpr int kBursts = 2;
constexpr int kAttempts = 2;  ///< at a link; the first that is a measurement counts

std::vector<double> ping(const PingPair& pair, const PingCommand& command) {
  std::vector<double> times_s = ping(pair, command, MPI_Wtime);
  for (double& time_s : times_s) time_s = std::max(time_s, kTick_s);
  return times_s;
}

/// How often a round trip of `round_trip_s` fits into `left_s`, at most as often as helps.
int repetitions(double left_s, double round_trip_s) {
  return static_cast<int>(std::clamp(left_s / round_trip_s, 0.0, kMaxSamplesPerSize - 1.0));
}

/// The leader's measurements of one link.
struct Seen {
  std::vector<PingSample> samples;
  std::vector<double> bursts_s;  ///< until a burst of single bytes was answered
};

/// True if bursts of single bytes show a slow link, before anything longer is sent.
bool too_slow(const Seen& seen, double smallest_s) {
  const double gap_s = gap_between(seen.bursts_s, kBurst, smallest_s / 2);
  return 4 * kTelling_bytes * gap_s / kSmallest_bytes > kTooLong_s;
}

/// Leader: climb the ladder for `share_s` seconds.
Seen climb_ladder(const PingPair& pair, double share_s) {
  Seen seen;
  std::vector<PingSample>& samples = seen.samples;
  double left_s = share_s;
  double smallest_s = 0;
  std::span<const std::int32_t> ladder_bytes = kLadder_bytes;
  for (std::size_t step = 0; step < ladder_bytes.size(); ++step) {
    const std::int32_t bytes = ladder_bytes[step];
    const auto add = [&](double round_trip_s) {
      samples.push_back({static_cast<double>(bytes), round_trip_s / 2});
    };

    // The first trip opens connections and windows and is not counted. The very first also waits for the
    // partner to finish its previous round, so it is not even charged.
    const std::vector<double> first_s = ping(pair, {bytes, 2});
    const double round_trip_s = first_s[1];
    left_s -= step == 0 ? round_trip_s : first_s[0] + round_trip_s;
    add(round_trip_s);
    if (step == 0) {
      smallest_s = round_trip_s;
      seen.bursts_s = ping(pair, {bytes, kBursts, kBurst});
      for (const double time_s : seen.bursts_s) left_s -= time_s;
      if (too_slow(seen, smallest_s)) ladder_bytes = kSlowLadder_bytes;
    }

    bool climb = step + 1 < ladder_bytes.size();
    if (climb && step + 1 >= kAlwaysMeasured) {
      const std::int32_t next_bytes = ladder_bytes[step + 1];
      const double growth = static_cast<double>(next_bytes) / bytes;
      const double next_s = smallest_s + std::max(0.0, round_trip_s - smallest_s) * growth;
      const double fair_s = left_s * (1 - kStepShare);
      climb = 2 * next_s <= (next_bytes > kTelling_bytes ? fair_s : std::max(fair_s, kTooLong_s));
    }
    const int more = repetitions(climb ? left_s * kStepShare : left_s, round_trip_s);
    if (more > 0) {
      for (const double time_s : ping(pair, {bytes, more})) {
        left_s -= time_s;
        add(time_s);
      }
    }
    if (!climb) break;
  }
  return seen;
}

/// Leader: fits a line to what `share_s` seconds give; measures once more if that is no measurement.
LinkEstimate lead(const PingPair& pair, double share_s) {
  LinkEstimate link;
  for (int left = kAttempts; left > 0 && !is_measured(link.line()); --left) {
    const Seen seen = climb_ladder(pair, share_s);
    link = fit_link(seen.samples);
    link.gap_s = gap_between(seen.bursts_s, kBurst, link.alpha_s);
  }
  end_pings(pair);
  return link;
}

/// The links of all leaders, on every rank.
std::vector<LinkEstimate> gather(const Communicator& comm, const std::vector<LinkEstimate>& own) {
  static_assert(std::is_trivially_copyable_v<LinkEstimate>);
  const std::vector<std::byte> bytes = gather_from_all(comm, std::as_bytes(std::span(own)));
  std::vector<LinkEstimate> links(bytes.size() / sizeof(LinkEstimate));
  std::memcpy(links.data(), bytes.data(), bytes.size());
  std::sort(links.begin(), links.end(), [](const LinkEstimate& a, const LinkEstimate& b) {
    return std::tie(a.rank, a.peer) < std::tie(b.rank, b.peer);
  });
  return links;
}

}  // namespace

NetworkMeasurement measure_network(Communicator& comm, const HostLayout& hosts, double max_s) {
  if (comm.ranks() == 1) return {LinkModel{}, {}};
  std::vector<std::byte> buffer(static_cast<std::size_t>(kLadder_bytes.back()));
  const int rounds = measured_rounds(comm.ranks());
  // Of an odd number of ranks one sits out in each round.
  const int least_rounds = kLeastPartners + comm.ranks() % 2;
  const double least_share_s = std::max(0.0, max_s) / std::min(rounds, kFewRounds);
  const double begin_s = MPI_Wtime();

  std::vector<LinkEstimate> own;
  for (int i = 0; i < rounds; ++i) {
    const int peer = partner_in_round(comm.ranks(), measured_round(comm.ranks(), i), comm.rank());
    if (peer == kNoPartner) continue;
    const PingPair pair{comm, peer, buffer};
    if (peer < comm.rank()) {
      answer(pair);
      continue;
    }
    const double left_s = max_s - (MPI_Wtime() - begin_s);
    if (2 * left_s < least_share_s && i >= least_rounds) {
      end_pings(pair);
      continue;
    }
    LinkEstimate link = lead(pair, std::max(left_s / (rounds - i), least_share_s));
    link.rank = comm.rank();
    link.peer = peer;
    link.same_host = hosts.host_of(comm.rank()) == hosts.host_of(peer);
    own.push_back(link);
  }
  NetworkMeasurement measurement;
  measurement.links = gather(comm, own);
  measurement.agreed = agree_on_link(measurement.links, comm.ranks());
  return measurement;
}

}  // namespace pliant
