#include "netprobe/survey.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <random>
#include <tuple>
#include <type_traits>
#include <utility>

#include "core/stats.hpp"
#include "mpi/agree.hpp"
#include "netprobe/ladder.hpp"
#include "netprobe/pairing.hpp"
#include "netprobe/quiet_rounds.hpp"

namespace pliant {
namespace {

constexpr double kRoundsShare = 0.8;  ///< of the time, for pairs alone; the rest: among all others
constexpr double kClimbShare = 0.1;   ///< of the time left, for trying the next larger size
constexpr int kAttempts = 2;          ///< at a link; the first that is a measurement counts
constexpr int kLeastTrips = 4;        ///< of a pair, whatever they take
constexpr int kMostPasses = 25;       ///< over the sizes; more would not narrow an interval that matters
/// Shorter round trips are made in threes after one that is not counted: the command to the partner takes
/// time beside them.
constexpr double kShortTrip_s = 200e-6;
constexpr int kShortTrips = 3;
constexpr double kOdd = 10;             ///< times as long as the trip before: a set clock, or a hold-up
constexpr std::size_t kAlonePairs = 3;  ///< of a class, that are measured alone and among all
constexpr int kLeastCrowdTrips = 5;
constexpr int kMostCrowdTrips = 100;

/// The leader of a pair: measures it for its share of the time.
class Leader {
 public:
  Leader(const PingPair& pair, Clock clock, double share_s)
      : pair_(pair),
        clock_(clock),
        most_charged_s_(share_s / kLeastTrips),
        left_s_(share_s),
        seed_(static_cast<std::uint64_t>(pair.comm.rank()) << 32 | static_cast<std::uint32_t>(pair.peer)),
        ladder_(random_ladder(seed_)) {}

  std::vector<SurveySample> measure() {
    try_out(0);
    try_out(kAnchorRung);
    std::size_t top = kAnchorRung;
    while (top + 1 < ladder_.size() && 2 * expected_s(top + 1) <= left_s_ * kClimbShare) try_out(++top);
    repeat(top);
    return std::move(samples_);
  }

 private:
  /// Tries a size for the first time. The first trip opens connections and windows and is not counted. For
  /// the first size it also waits for the partner to finish its previous round, so it is not even charged.
  /// The next trip is hardly ever much longer. If it is, two more follow, so that the median is none of the
  /// two.
  void try_out(std::size_t rung) {
    const std::vector<double> trips_s = trips(rung, 2);
    if (rung > 0) charge(trips_s[0]);
    note(rung, trips_s[1]);
    if (trips_s[1] >= 0 && trips_s[1] <= kOdd * trips_s[0]) return;
    for (const double trip_s : trips(rung, 2)) note(rung, trip_s);
  }

  /// Repeats all sizes up to `top` in random order, until none fits or the clock stands still.
  void repeat(std::size_t top) {
    std::mt19937_64 random(seed_);
    std::vector<std::size_t> order;
    for (std::size_t rung = 0; rung <= top; ++rung) order.push_back(rung);
    double before_s = left_s_ + 1;
    for (int pass = 0; left_s_ < before_s && pass < kMostPasses; ++pass) {
      before_s = left_s_;
      std::shuffle(order.begin(), order.end(), random);
      for (const std::size_t rung : order) repeat_if_it_fits(rung);
    }
  }

  void repeat_if_it_fits(std::size_t rung) {
    const double trip_s = expected_s(rung);
    const bool is_short = trip_s < kShortTrip_s;
    if ((is_short ? 1 + kShortTrips : 1) * trip_s > left_s_) return;
    const std::vector<double> trips_s = trips(rung, is_short ? 1 + kShortTrips : 1);
    if (is_short) charge(trips_s[0]);
    for (std::size_t i = is_short ? 1 : 0; i < trips_s.size(); ++i) note(rung, trips_s[i]);
  }

  std::vector<double> trips(std::size_t rung, int count) {
    return ping(pair_, {ladder_[rung].bytes, count}, clock_);
  }

  /// The least trips are made in any case. If one takes more than its part, on a slow link or by a clock that
  /// was set, the excess is not charged to the others.
  void charge(double trip_s) {
    if (possible({0, trip_s / 2})) left_s_ -= std::min(trip_s, most_charged_s_);
  }

  void note(std::size_t rung, double trip_s) {
    charge(trip_s);
    samples_.push_back({{static_cast<double>(ladder_[rung].bytes), trip_s / 2}, ladder_[rung].held_out});
    if (!possible({0, trip_s / 2})) return;
    const double usable_s = std::max(trip_s, kTick_s);
    least_s_[rung] = least_s_[rung] > 0 ? std::min(least_s_[rung], usable_s) : usable_s;
  }

  /// [s] Expected round trip: the least of that size, or of the next larger one that was measured; beyond, in
  /// proportion.
  double expected_s(std::size_t rung) const {
    if (least_s_[rung] > 0) return least_s_[rung];
    const auto known = [&](std::size_t i) { return least_s_[i] > 0; };
    std::size_t below = rung;
    while (below > 0 && !known(below)) --below;
    std::size_t above = rung;
    while (above + 1 < ladder_.size() && !known(above)) ++above;
    if (!known(below)) return least_s_[above];
    const double bytes = ladder_[rung].bytes;
    if (known(above)) return std::max(least_s_[below], least_s_[above]);
    // Beyond the largest: all of its time but the smallest's grows with the bytes.
    const double grows_s = std::max(0.0, least_s_[below] - least_s_[0]);
    return least_s_[0] + grows_s * bytes / ladder_[below].bytes;
  }

  PingPair pair_;
  Clock clock_;
  double most_charged_s_;
  double left_s_;
  std::uint64_t seed_;
  Ladder ladder_;
  std::array<double, kRungs> least_s_{};  ///< [rung] of its shortest round trip; 0: none yet
  std::vector<SurveySample> samples_;
};

/// The leader of a pair: fits what its share of the time gives; measures once more if that is no measurement.
LinkFit lead(const PingPair& pair, Clock clock, double share_s) {
  LinkFit link;
  for (int left = kAttempts; left > 0 && !is_measured(link.typical.line()); --left)
    link = fit_survey(Leader(pair, clock, share_s).measure());
  end_pings(pair);
  return link;
}

/// All ranks begin the next part together.
void meet(const Communicator& comm) {
  first_rank_where(comm, false);
}

template <class Value>
std::vector<Value> gather(const Communicator& comm, const std::vector<Value>& own) {
  static_assert(std::is_trivially_copyable_v<Value>);
  const std::vector<std::byte> bytes = gather_from_all(comm, std::as_bytes(std::span(own)));
  std::vector<Value> all(bytes.size() / sizeof(Value));
  std::memcpy(all.data(), bytes.data(), bytes.size());
  return all;
}

struct SurveyRun {
  Communicator& comm;
  const HostLayout& hosts;
  double max_s;
  Clock clock;
  std::vector<std::byte> buffer = std::vector<std::byte>(static_cast<std::size_t>(kLadderEdges_bytes.back()));
};

std::vector<LinkFit> survey_rounds(SurveyRun& run) {
  const std::vector<std::vector<RankPair>> rounds = quiet_rounds(run.hosts);
  const double share_s = kRoundsShare * run.max_s / static_cast<double>(rounds.size());
  double elapsed_s = 0;
  double now_s = run.clock();
  std::vector<LinkFit> own;
  for (const std::vector<RankPair>& round : rounds) {
    meet(run.comm);
    const double before_s = std::exchange(now_s, run.clock());
    if (possible({0, now_s - before_s})) elapsed_s += now_s - before_s;
    const int peer = partner_among(round, run.comm.rank());
    if (peer == kNoPartner) continue;
    const PingPair pair{run.comm, peer, run.buffer};
    if (peer < run.comm.rank()) {
      answer(pair);
      continue;
    }
    const bool late = elapsed_s > run.max_s && !own.empty();
    if (late) end_pings(pair);
    LinkFit link = late ? LinkFit() : lead(pair, run.clock, share_s);
    link.typical.rank = run.comm.rank();
    link.typical.peer = peer;
    link.typical.same_host = run.hosts.host_of(run.comm.rank()) == run.hosts.host_of(peer);
    own.push_back(link);
  }
  std::vector<LinkFit> links = gather(run.comm, own);
  std::sort(links.begin(), links.end(), [](const LinkFit& a, const LinkFit& b) {
    return std::tie(a.typical.rank, a.typical.peer) < std::tie(b.typical.rank, b.typical.peer);
  });
  return links;
}

/// [s] Time of an exchange between this rank and its partner while `pairs` talk; 0 on ranks that do not lead.
/// Both ends send at the same time, as neighbours of a ring do. In ping-pong, answers would find the gaps
/// between one another, and links would never be full.
double time_among(SurveyRun& run, const std::vector<RankPair>& pairs, int trips) {
  meet(run.comm);
  const int peer = partner_among(pairs, run.comm.rank());
  if (peer == kNoPartner) return 0;
  const auto bytes = static_cast<std::size_t>(kEagerBytes);
  const auto out = std::span(run.buffer).first(bytes);
  const auto in = std::span(run.buffer).last(bytes);
  std::vector<double> times_s;
  for (int i = 0; i <= trips; ++i) {
    const double begin_s = run.clock();
    run.comm.exchange(out, peer, in, peer);
    if (i > 0) times_s.push_back(run.clock() - begin_s);  // the first opens connections
  }
  return peer > run.comm.rank() ? median(times_s) : 0;
}

/// Number of exchanges of one class that take `max_s` if nothing slows them down.
int crowd_trips(const LinkClass& of, double max_s) {
  const double trip_s = of.typical.alpha_s + static_cast<double>(kEagerBytes) * of.typical.beta_s_per_byte;
  const double most = kMostCrowdTrips;
  return static_cast<int>(std::clamp(max_s / std::max(trip_s, kTick_s), double{kLeastCrowdTrips}, most));
}

Contention measure_contention(SurveyRun& run, const LinkClass& of, double max_s) {
  const std::vector<RankPair> crowd = crowd_of(run.hosts, of.same_host);
  if (crowd.size() < 2) return {};
  const std::size_t alone = std::min(kAlonePairs, crowd.size());
  const int trips = crowd_trips(of, max_s / static_cast<double>(alone + 1));
  std::vector<RankPair> chosen;
  double alone_s = 0;
  for (std::size_t i = 0; i < alone; ++i) {
    chosen.push_back(crowd[i * crowd.size() / alone]);
    alone_s = std::max(alone_s, time_among(run, {chosen.back()}, trips));
  }
  const double among_s = time_among(run, crowd, trips);
  std::vector<CrowdTime> own;
  const auto mine = [&](const RankPair& pair) { return pair.rank == run.comm.rank(); };
  if (std::any_of(chosen.begin(), chosen.end(), mine)) own.push_back({alone_s, among_s});
  return contention_of(gather(run.comm, own), static_cast<int>(crowd.size()),
                       static_cast<double>(kEagerBytes));
}

}  // namespace

Survey survey_links(Communicator& comm, const HostLayout& hosts, double max_s, Clock clock) {
  if (comm.ranks() == 1) return {};
  SurveyRun run{comm, hosts, std::max(0.0, max_s), clock};
  Survey survey;
  survey.links = survey_rounds(run);
  survey.classes = classes_of(survey.links);
  const double left_s = (1 - kRoundsShare) * run.max_s / static_cast<double>(survey.classes.size());
  for (LinkClass& of : survey.classes) of.contention = measure_contention(run, of, left_s);
  return survey;
}

}  // namespace pliant
