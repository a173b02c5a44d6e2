#include "api/learning.hpp"

#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "collectives/exchange.hpp"
#include "collectives/paper_costs.hpp"
#include "collectives/sparse/messages.hpp"

namespace pliant {
namespace {

/// Share of the time of calls that meetings may take, and while an alarm is near.
constexpr double kMeetingShare = 0.01;
constexpr double kSuspiciousShare = 0.05;
/// And at first, while nothing is known of what is in use.
constexpr double kUnknownShare = 0.1;
/// [s] of a meeting, besides its messages: about what it takes two ranks that share memory.
constexpr double kMeetingWork_s = 4e-6;
constexpr int kMostCalls = 1024;  ///< between two meetings
/// A lane's first meetings follow one another at once: what they teach is worth most.
constexpr int kFirstMeetings = 4;
constexpr int kMostMeetings = 16;  ///< for kUnknownShare

/// How near an alarm is (0 to 1) when ranks meet more often.
constexpr double kSuspicion = 0.3;

/// What ranks tell one another; of each the largest is taken, but for `sample`, `waited` and `computed`, of
/// which each rank's own is looked at (Attendance). Rank 0 alone tells the decision: others say 0.
struct Word {
  enum Field {
    sample,
    disturbed,
    message,
    algorithm,
    correction,
    alpha,
    beta,
    alpha_error,
    beta_error,
    alarm,
    regret,
    calls,
    asked,
    waited,
    computed,
    at_once,
    pause,
    live,
    fields
  };
  std::array<double, fields> values{};
  double& operator[](Field field) { return values[field]; }
};

/// What was measured on all ranks since the last meeting is learned. `call_s`: of the sample.
void learn(Lane& lane, Word& word, Learner& learner, int ranks, double call_s) {
  if (lane.sampled != nullptr && call_s > 0 && word[Word::disturbed] == 0)
    learner.learn(*lane.sampled, lane.shape, call_s, lane.calls);
  if (lane.asked_bytes > 0 && word[Word::message] > 0)
    learner.learn_message(lane.asked_bytes, ranks, word[Word::message]);
}

/// [s] What the network makes of a meeting.
double meeting_s(int ranks, const LinkModel& link) {
  return paper::allgather_s(ranks, static_cast<double>(sizeof(Word)), link);
}

/// [s] All of it.
double meeting_cost_s(int ranks, const LinkModel& link) {
  return meeting_s(ranks, link) + kMeetingWork_s;
}

const char* reason_of(Why why) {
  switch (why) {
    case Why::better:
      return "surely better";
    case Why::tries:
      return "a trial: predicted better";
    case Why::explores:
      return "a trial: could be better";
    default:
      return "cheapest";
  }
}

void tell(const Meeting& meeting, const Learner& learner, const Candidate& taken, Why why) {
  const Lane& lane = meeting.lane;
  if (meeting.logger == nullptr || lane.algorithm == taken.algorithm) return;
  std::string text =
      std::string(meeting.tensor) + ": " +
      (lane.algorithm != nullptr ? std::string(lane.algorithm->name) + " -> " : std::string()) +
      std::string(taken.algorithm->name) + " (" + reason_of(why) + "), predicted " +
      std::to_string(taken.predicted_s * 1e3) + " ms";
  if (lane.sample_s > 0) text += ", measured before " + std::to_string(lane.sample_s * 1e3) + " ms";
  text += "; alpha " + std::to_string(learner.estimator().alpha_s() * 1e6) + " us, beta " +
          std::to_string(learner.estimator().beta_s_per_byte() * 1e9) + " ns/byte";
  meeting.logger->info(text);
}

void tell(const Meeting& meeting, const Straggler& now, const Straggler& before) {
  if (meeting.logger == nullptr) return;
  const auto ms = [](double seconds) { return std::to_string(seconds * 1e3) + " ms"; };
  if (now.rank < 0) {
    meeting.logger->info("rank " + std::to_string(before.rank) + " comes late no more");
    return;
  }
  meeting.logger->info("rank " + std::to_string(now.rank) + " comes " + ms(now.late_s) +
                       " after the median rank and " +
                       (now.computes_longer() ? "computes longer: " : "does not compute longer: ") +
                       ms(now.computed_s) + " between calls, the median rank " + ms(now.all_computed_s));
}

/// Who came late to the meeting before this one? Returns what the call after it took all ranks.
double look_who_is_late(Meeting& meeting) {
  AllreduceCall& call = meeting.call;
  Stragglers& stragglers = meeting.learning.stragglers();
  const Straggler before = stragglers.latest();
  int rank = 0;
  for (Attendance& of : stragglers.attendance()) {
    of = {agreed_from(call, rank, Word::waited, Word::fields),
          agreed_from(call, rank, Word::computed, Word::fields),
          agreed_from(call, rank, Word::sample, Word::fields)};
    ++rank;
  }
  const LinkModel& link = meeting.lane.meetings > 0 ? meeting.lane.link : meeting.input.model.link;
  const double own_s = meeting_s(call.comm.ranks(), link);
  if (stragglers.observe(own_s)) tell(meeting, stragglers.latest(), before);
  return call_time_s(stragglers.attendance(), own_s);
}

/// This rank's, of the meeting that ends now. Its program may have computed while it was under way.
Attendance attendance_of(const Meeting& meeting, double computed_s) {
  if (computed_s < 0) return {};
  const double away_s = meeting.outside.total_s() - meeting.outside_s;
  return {MPI_Wtime() - meeting.begin_s - away_s, computed_s};
}

/// Rank 0: what this lane is to do from now on.
void decide_for(Meeting& meeting, Learner& learner, Word& word) {
  const Lane& lane = meeting.lane;
  const DecisionInput& call = meeting.input;
  const Decision decision = decide_at_meeting(call, learner);
  AllreduceShape shape = call.shape;
  shape.kept = decision.lossy_kept > 0 ? decision.lossy_kept : decision.kept;
  const Choice choice = learner.choose(decision.candidates.all(), shape, lane.calls);
  const Candidate& taken = decision.candidates.items[choice.index];
  tell(meeting, learner, taken, choice.why);
  const auto place = std::find(kAlgorithms.begin(), kAlgorithms.end(), taken.algorithm) - kAlgorithms.begin();
  const bool trial = choice.why == Why::tries || choice.why == Why::explores;
  word[Word::algorithm] = static_cast<double>(place) + 1;
  shape.kept = taken.kept;
  word[Word::correction] = learner.corrections().of(static_cast<std::size_t>(place), shape).factor;
  word[Word::alpha] = learner.model().link.alpha_s;
  word[Word::beta] = learner.model().link.beta_s_per_byte;
  word[Word::alpha_error] = learner.estimator().alpha_error();
  word[Word::beta_error] = learner.estimator().beta_error();
  word[Word::alarm] = learner.drift().level();
  word[Word::regret] = taken.predicted_s - decision.candidates.items[0].predicted_s;
  word[Word::asked] = static_cast<double>(learner.wanted_message(call.shape.ranks).value_or(0));
  // What is tried stays in force until the ranks meet again.
  const bool at_once = trial || word[Word::asked] > 0;
  const int had = lane.first_wait > 0 ? kMostMeetings : lane.meetings;
  const LinkModel& link = learner.model().link;
  word[Word::at_once] = at_once ? 1 : 0;
  word[Word::calls] =
      at_once ? 0 : calls_between(taken, link, call.shape.ranks, {.had = had, .alarm = word[Word::alarm]});
  if (!meeting.blocking) return;
  RoundBudget& rounds = meeting.learning.rounds();
  const double cost_s = meeting_cost_s(call.shape.ranks, link);
  rounds.note_round(cost_s);
  word[Word::pause] = static_cast<double>(rounds.calls_to_wait(cost_s));
}

void take(Lane& lane, Word& word, const CostModel& measured) {
  const auto place = static_cast<std::size_t>(word[Word::algorithm]);
  lane.algorithm = place > 0 && place <= kAlgorithms.size() ? kAlgorithms[place - 1] : nullptr;
  lane.correction = word[Word::correction];
  lane.link = {.alpha_s = word[Word::alpha],
               .beta_s_per_byte = word[Word::beta],
               .gap_s = std::min(measured.link.gap_s, word[Word::alpha])};
  lane.alpha_error = word[Word::alpha_error];
  lane.beta_error = word[Word::beta_error];
  lane.alarm = word[Word::alarm];
  lane.regret_s = word[Word::regret];
  lane.calls_left = static_cast<int>(word[Word::calls]);
  lane.at_once = word[Word::at_once] > 0;
  lane.calls = 1;
  lane.asked_bytes = static_cast<std::int64_t>(word[Word::asked]);
  lane.sampled = nullptr;
  lane.kept.valid = false;
  lane.sample_s = lane.message_s = 0;
  ++lane.meetings;
}

/// All ranks count the same calls.
bool is_time(Meeting& meeting) {
  Lane& lane = meeting.lane;
  const bool open = !meeting.blocking || meeting.learning.is_open();
  if (lane.calls_left == 0) return open || lane.at_once;
  --lane.calls_left;
  return false;
}

/// Where messages that only teach come and go: whatever they are, they need no more.
struct AskRoom {
  static constexpr int kSlots = 4;
  static std::byte* of(AllreduceCall& call) {
    return call.workspace.receive.of<std::byte>((kSlots + 1) * kEagerBytes);
  }
};

/// To the next rank and from the one before, all at once and in segments, as in a collective.
Task ask(AllreduceCall& call, Lane& lane) {
  const int rank = call.comm.rank();
  const int ranks = call.comm.ranks();
  std::byte* const room = AskRoom::of(call);
  const std::int64_t pieces = segments_of(lane.asked_bytes, kEagerBytes);
  const auto bytes = [&](std::int64_t i) {
    return static_cast<std::size_t>(std::min(kEagerBytes, lane.asked_bytes - i * kEagerBytes));
  };
  const double begin_s = MPI_Wtime();
  Flow flow(call.comm, call.tag);
  std::int64_t sent = 0;
  std::int64_t posted = 0;
  while (flow.received() < pieces || flow.sent() < pieces) {
    for (; posted < pieces && flow.receiving() < AskRoom::kSlots; ++posted)
      flow.receive({room + posted % AskRoom::kSlots * kEagerBytes, bytes(posted)},
                   (rank + ranks - 1) % ranks);
    for (; sent < pieces && flow.can_send(); ++sent)
      flow.send({room + AskRoom::kSlots * kEagerBytes, bytes(sent)}, (rank + 1) % ranks);
    co_await flow.next(sent < pieces);
  }
  lane.message_s = MPI_Wtime() - begin_s;
}

}  // namespace

Decision decide_at_meeting(const DecisionInput& call, const Learner& learner) {
  return decide({.plan = call.plan,
                 .shape = call.shape,
                 .may_lose = call.may_lose,
                 .model = learner.model(),
                 .compute_s = call.compute_s,
                 .margin = call.margin,
                 .gain = call.gain,
                 .memo = call.memo,  // the call that follows asks the same
                 .worth = call.worth,
                 .only_family = call.only_family,
                 .resumable = call.resumable,
                 .outstanding = call.outstanding,
                 .distinct = true,
                 .corrections = &learner.corrections()});
}

int calls_between(const Candidate& taken, const LinkModel& link, int ranks, const MeetingsSoFar& meetings) {
  if (meetings.had < kFirstMeetings || !(taken.predicted_s > 0)) return 0;
  const bool unknown = taken.variance > ChoiceRules::kUnknown * ChoiceRules::kUnknown;
  const double cost_s = meeting_cost_s(ranks, link);
  const double share = unknown && meetings.had < kMostMeetings ? kUnknownShare
                       : meetings.alarm > kSuspicion           ? kSuspiciousShare
                                                               : kMeetingShare;
  return static_cast<int>(std::clamp(cost_s / (share * taken.predicted_s) - 1, 0.0, double{kMostCalls}));
}

Lane& Learning::blocking_lane(std::int64_t count, ElementType type, ReduceOp op) {
  const Kind kind{count, type, op};
  Lane* const known = lanes_.find(kind);
  return known != nullptr ? *known : lanes_.add(kind, {});
}

void Learning::begin(const CostModel& measured, const Communicator& comm) {
  if (comm.rank() == 0) learner_ = std::make_unique<Learner>(measured);
  lanes_.clear();
  stragglers_.begin(comm.ranks());
  rounds_ = {};
  closed_calls_ = 0;
  last_link_ = {};
  ++measurements_;
}

void Learning::forget() {
  lanes_.for_each([](const Kind&, Lane& lane) { lane.kept.valid = false; });
}

bool Learning::is_open() {
  if (closed_calls_ == 0) return true;
  --closed_calls_;
  return false;
}

void Learning::end_round(const LinkModel& link, std::int64_t calls) {
  last_link_ = link;
  closed_calls_ = calls;
}

void Learning::note_call(double predicted_s) {
  if (learner_ == nullptr) return;
  rounds_.note_call(predicted_s, learner_->drift().level() > kSuspicion ? kSuspiciousShare : kMeetingShare);
}

int Learning::first_wait(const DecisionInput& call, std::int64_t made) const {
  constexpr std::int64_t kHurried = RoundBudget::kFreeRounds / kFirstMeetings;
  if (learner_ == nullptr || made < kHurried) return 0;
  const Decision decision = decide_exact({.plan = call.plan,
                                          .shape = call.shape,
                                          .model = learner_->model(),
                                          .resumable = call.resumable,
                                          .corrections = &learner_->corrections()},
                                         "");
  return calls_between(decision.candidates.items[0], learner_->model().link, call.shape.ranks,
                       {.had = kMostMeetings, .alarm = 0});
}

CostModel model_of(const Lane& lane, const CostModel& measured) {
  CostModel model = measured;
  if (lane.link.alpha_s > 0) model.link = lane.link;
  return model;
}

Decision decide_in(Lane& lane, DecisionInput input) {
  input.preferred = lane.algorithm;
  input.preferred_factor = lane.correction;
  Lane::Kept& kept = lane.kept;
  if (kept.valid && kept.may_lose == input.may_lose && kept.outstanding == input.outstanding &&
      kept.resumable == input.resumable)
    return kept.decision;
  Decision decision = decide(input);
  AllreduceShape shape = input.shape;
  shape.kept = decision.kept;
  if (!decision.algorithm->exact) shape.index_codec = &index_codec_for(shape, input.model);
  decision.shape = tuned_for(*decision.algorithm, shape, input.model);
  const bool lasts = !input.may_lose || input.plan.policy == &fixed_policy;
  kept = {lasts, input.may_lose, input.outstanding, input.resumable, decision};
  return decision;
}

Task meet(Meeting& meeting) {
  Lane& lane = meeting.lane;
  if (lane.measured != meeting.learning.measurements()) {
    Lane fresh;
    fresh.first_wait = fresh.calls_left = lane.first_wait;
    if (meeting.blocking) fresh.link = meeting.learning.last_link();
    fresh.measured = meeting.learning.measurements();
    lane = fresh;
  }
  const double computed_s = lane.outside_s < 0 ? -1 : meeting.outside_s - lane.outside_s;
  lane.outside_s = meeting.outside_s;
  if (!is_time(meeting)) {
    ++lane.calls;
    co_return;
  }
  AllreduceCall& call = meeting.call;
  Learner* const learner = call.comm.rank() == 0 ? meeting.learning.learner() : nullptr;
  Word word;
  if (learner != nullptr) decide_for(meeting, *learner, word);
  word[Word::sample] = lane.sample_s;
  word[Word::disturbed] = lane.sampled != nullptr && lane.sample_s <= 0 ? 1 : 0;
  word[Word::message] = lane.message_s;
  word[Word::waited] = lane.attended.waited_s;
  word[Word::computed] = lane.attended.computed_s;
  word[Word::live] = meeting.any_live ? 1 : 0;
  AskRoom::of(call);                   // now: afterwards nothing is allocated
  static_cast<void>(ask(call, lane));  // nor is a frame: this one goes back to its pool before it begins
  co_await agree_max(call, word.values);
  lane.attended = attendance_of(meeting, computed_s);
  const double call_s = look_who_is_late(meeting);
  meeting.sent = allgather_sent(call.shape, static_cast<std::int64_t>(sizeof word.values));
  if (learner != nullptr) learn(lane, word, *learner, call.comm.ranks(), call_s);
  take(lane, word, meeting.input.model);
  if (meeting.blocking) meeting.learning.end_round(lane.link, static_cast<std::int64_t>(word[Word::pause]));
  meeting.any_live = word[Word::live] > 0;
  meeting.met = true;
  if (lane.asked_bytes == 0) co_return;
  co_await ask(call, lane);
  meeting.sent = meeting.sent + sent_in_segments(lane.asked_bytes, kEagerBytes);
}

}  // namespace pliant
