// Ping-pong. The lower rank of a pair leads: it says what comes next, times it, and stops when its time is
// up.
#include "netprobe/netprobe.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

#include "mpi/check.hpp"
#include "netprobe/fit.hpp"
#include "netprobe/pairing.hpp"

namespace pliant {
namespace {

/// Message sizes in the order in which they are tried. The first two are always measured: 16 KiB is large
/// enough to tell bandwidth from latency (1.3 ms at 100 Mbit/s), small enough for a TCP window opened by one
/// warm-up message. 4 MiB fill what a fast link with a long delay has under way, and no cache holds both
/// ends.
constexpr std::array<std::int32_t, 8> kLadder_bytes{1,         16 << 10,  32 << 10, 64 << 10,
                                                    128 << 10, 256 << 10, 1 << 20,  4 << 20};
constexpr std::size_t kAlwaysMeasured = 2;
constexpr int kMaxSamplesPerSize = 9;
constexpr double kStepShare =
    0.25;  ///< of the time left, for repeating a size when larger ones are to follow
constexpr double kTick_s = 1e-9;
/// Messages of a burst: enough that their gaps outweigh the latency of the first, few enough for MPI to take
/// all.
constexpr int kBurst = 32;
constexpr int kBursts = 2;

/// What the leader tells its partner. `round_trips` = 0: we are done.
struct Command {
  std::int32_t bytes = 0;
  std::int32_t round_trips = 0;
  std::int32_t messages = 1;  ///< that the leader sends before it is answered once
};

/// Both ends of a pair use one buffer of the largest message.
struct Pair {
  Communicator& comm;
  int peer;
  std::span<std::byte> buffer;

  void send(std::int32_t bytes) const {
    for (const auto piece : pieces(bytes)) comm.send(piece, peer);
  }
  void receive(std::int32_t bytes) const {
    for (const auto piece : pieces(bytes)) comm.receive(piece, peer);
  }

 private:
  std::vector<std::span<std::byte>> pieces(std::int32_t bytes) const {
    constexpr auto kMost = static_cast<std::size_t>(kEagerBytes);
    std::vector<std::span<std::byte>> all;
    for (auto rest = buffer.first(static_cast<std::size_t>(bytes)); !rest.empty();
         rest = rest.subspan(all.back().size()))
      all.push_back(rest.first(std::min(kMost, rest.size())));
    return all;
  }
};

/// Leader: that many round trips, each one's time [s].
std::vector<double> ping(const Pair& pair, const Command& command) {
  pair.comm.send(std::as_bytes(std::span(&command, 1)), pair.peer);
  std::vector<double> times_s;
  for (int i = 0; i < command.round_trips; ++i) {
    const double begin_s = MPI_Wtime();
    for (int message = 0; message < command.messages; ++message) pair.send(command.bytes);
    pair.receive(command.bytes);
    times_s.push_back(std::max(MPI_Wtime() - begin_s, kTick_s));
  }
  return times_s;
}

/// Partner: send back whatever comes until the leader is done.
void answer(const Pair& pair) {
  Command command;
  for (;;) {
    pair.comm.receive(std::as_writable_bytes(std::span(&command, 1)), pair.peer);
    if (command.round_trips == 0) return;
    for (int i = 0; i < command.round_trips; ++i) {
      for (int message = 0; message < command.messages; ++message) pair.receive(command.bytes);
      pair.send(command.bytes);
    }
  }
}

/// How often a round trip of `round_trip_s` fits into `left_s`, at most as often as helps.
int repetitions(double left_s, double round_trip_s) {
  return static_cast<int>(std::clamp(left_s / round_trip_s, 0.0, kMaxSamplesPerSize - 1.0));
}

/// What the leader has seen.
struct Seen {
  std::vector<PingSample> samples;
  std::vector<double> bursts_s;  ///< until a burst of single bytes was answered
};

/// Leader: climb the ladder for `share_s` seconds.
Seen lead(const Pair& pair, double share_s) {
  Seen seen;
  std::vector<PingSample>& samples = seen.samples;
  double left_s = share_s;
  double smallest_s = 0;
  for (std::size_t step = 0; step < kLadder_bytes.size(); ++step) {
    const std::int32_t bytes = kLadder_bytes[step];
    const auto add = [&](double round_trip_s) {
      samples.push_back({static_cast<double>(bytes), round_trip_s / 2});
    };

    // The first trip opens connections and windows and is not counted; that of the first size waits for the
    // partner to finish its previous round, too, so it is not even charged.
    const std::vector<double> first_s = ping(pair, {bytes, 2});
    const double round_trip_s = first_s[1];
    left_s -= step == 0 ? round_trip_s : first_s[0] + round_trip_s;
    add(round_trip_s);
    if (step == 0) {
      smallest_s = round_trip_s;
      seen.bursts_s = ping(pair, {bytes, kBursts, kBurst});
      for (const double time_s : seen.bursts_s) left_s -= time_s;
    }

    bool climb = step + 1 < kLadder_bytes.size();
    if (climb && step + 1 >= kAlwaysMeasured) {
      const double growth = static_cast<double>(kLadder_bytes[step + 1]) / bytes;
      const double next_s = smallest_s + std::max(0.0, round_trip_s - smallest_s) * growth;
      climb = 2 * next_s <= left_s * (1 - kStepShare);
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
  ping(pair, {});
  return seen;
}

/// For each rank the lowest rank it can share memory with: equal for two ranks of one host.
std::vector<int> host_of_each_rank(const Communicator& comm) {
  struct HostComm {
    MPI_Comm handle = MPI_COMM_NULL;
    ~HostComm() {
      if (handle != MPI_COMM_NULL) MPI_Comm_free(&handle);
    }
  } host;
  check(MPI_Comm_split_type(comm.handle(), MPI_COMM_TYPE_SHARED, comm.rank(), MPI_INFO_NULL, &host.handle),
        "MPI_Comm_split_type");
  int lowest = comm.rank();
  check(MPI_Allreduce(MPI_IN_PLACE, &lowest, 1, MPI_INT, MPI_MIN, host.handle), "MPI_Allreduce");
  std::vector<int> hosts(static_cast<std::size_t>(comm.ranks()));
  check(MPI_Allgather(&lowest, 1, MPI_INT, hosts.data(), 1, MPI_INT, comm.handle()), "MPI_Allgather");
  return hosts;
}

/// The links of all leaders, on every rank.
std::vector<LinkEstimate> gather(const Communicator& comm, const std::vector<LinkEstimate>& own) {
  static_assert(std::is_trivially_copyable_v<LinkEstimate>);
  const auto ranks = static_cast<std::size_t>(comm.ranks());
  const int own_bytes = static_cast<int>(own.size() * sizeof(LinkEstimate));
  std::vector<int> bytes(ranks);
  check(MPI_Allgather(&own_bytes, 1, MPI_INT, bytes.data(), 1, MPI_INT, comm.handle()), "MPI_Allgather");
  std::vector<int> begins(ranks + 1);
  for (std::size_t i = 0; i < ranks; ++i) begins[i + 1] = begins[i] + bytes[i];
  std::vector<LinkEstimate> links(static_cast<std::size_t>(begins[ranks]) / sizeof(LinkEstimate));
  check(MPI_Allgatherv(own.data(), own_bytes, MPI_BYTE, links.data(), bytes.data(), begins.data(), MPI_BYTE,
                       comm.handle()),
        "MPI_Allgatherv");
  std::sort(links.begin(), links.end(), [](const LinkEstimate& a, const LinkEstimate& b) {
    return std::tie(a.rank, a.peer) < std::tie(b.rank, b.peer);
  });
  return links;
}

}  // namespace

NetworkMeasurement measure_network(Communicator& comm, double max_s) {
  if (comm.ranks() == 1) return {};
  const std::vector<int> hosts = host_of_each_rank(comm);
  const auto host_of = [&](int rank) { return hosts[static_cast<std::size_t>(rank)]; };
  std::vector<std::byte> buffer(static_cast<std::size_t>(kLadder_bytes.back()));
  const int rounds = measured_rounds(comm.ranks());
  const double share_s = std::max(0.0, max_s) / rounds;

  std::vector<LinkEstimate> own;
  for (int i = 0; i < rounds; ++i) {
    const int peer = partner_in_round(comm.ranks(), measured_round(comm.ranks(), i), comm.rank());
    if (peer == kNoPartner) continue;
    const Pair pair{comm, peer, buffer};
    if (peer < comm.rank()) {
      answer(pair);
      continue;
    }
    const Seen seen = lead(pair, share_s);
    LinkEstimate link = fit_link(seen.samples);
    link.gap_s = gap_between(seen.bursts_s, kBurst, link.alpha_s);
    link.rank = comm.rank();
    link.peer = peer;
    link.same_host = host_of(comm.rank()) == host_of(peer);
    own.push_back(link);
  }
  NetworkMeasurement measurement;
  measurement.links = gather(comm, own);
  measurement.agreed = agree_on_link(measurement.links, comm.ranks());
  return measurement;
}

}  // namespace pliant
