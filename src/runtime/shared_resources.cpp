#include "runtime/shared_resources.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "collectives/allreduce.hpp"
#include "core/error.hpp"
#include "mpi/agree.hpp"
#include "mpi/check.hpp"

namespace pliant {
namespace {

constexpr int kLeastTagBound = 32767;  // what MPI guarantees

int tag_bound() {
  int found = 0;
  int* bound = nullptr;
  check(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &bound, &found), "MPI_Comm_get_attr");
  return found != 0 ? *bound : kLeastTagBound;
}

/// Number of tag blocks for requests. The first block belongs to blocking calls.
std::int64_t blocks_for_requests(int bound) {
  return (std::int64_t{bound} + 1) / AllreduceCall::kTags - 1;
}

Error no_tags_left(int bound, std::int64_t live) {
  return Error(ErrorClass::request,
               "no tags are left for another request: " + std::to_string(live) +
                   " live requests on this communicator, MPI_TAG_UB = " + std::to_string(bound),
               "a request that any rank has not freed yet has " + std::to_string(AllreduceCall::kTags) +
                   " tags of its own",
               "Free requests on all ranks, or use another communicator");
}

}  // namespace

struct SharedResources::Held {
  mutable std::mutex mutex;  // requests are freed without the context's
  SlotTable tags;
  SlotTable duplicates;
};

SharedResources::SharedResources() : held_(std::make_shared<Held>()) {}

SharedResources::Share::Share(Share&& other) noexcept
    : held_(std::move(other.held_)),
      tag_slot_(other.tag_slot_),
      comm_slot_(other.comm_slot_),
      tag_(other.tag_),
      number_(other.number_),
      first_wait_(other.first_wait_),
      comm_(other.comm_) {}

SharedResources::Share& SharedResources::Share::operator=(Share&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  held_ = std::move(other.held_);
  tag_slot_ = other.tag_slot_;
  comm_slot_ = other.comm_slot_;
  tag_ = other.tag_;
  number_ = other.number_;
  first_wait_ = other.first_wait_;
  comm_ = other.comm_;
  return *this;
}

void SharedResources::Share::give_back() {
  if (held_ == nullptr) return;
  const std::lock_guard lock(held_->mutex);
  if (tag_slot_ >= 0) held_->tags.give_back(tag_slot_);
  if (comm_slot_ >= 0) held_->duplicates.give_back(comm_slot_);
}

// One allreduce: does any rank need a duplicate, rank 0's first_wait, and the tags and duplicates that any
// rank holds.
SharedResources::Share SharedResources::take(const Communicator& comm, bool by_mpi, int first_wait) {
  std::vector<std::uint64_t> words = {by_mpi ? std::uint64_t{1} : 0,
                                      comm.rank() == 0 ? static_cast<std::uint64_t>(first_wait) : 0};
  constexpr std::size_t kHeader = 2;
  std::size_t tag_words = 0;
  {
    const std::lock_guard lock(held_->mutex);
    const auto tags = held_->tags.held();
    const auto duplicates = held_->duplicates.held();
    tag_words = tags.size();
    words.insert(words.end(), tags.begin(), tags.end());
    words.insert(words.end(), duplicates.begin(), duplicates.end());
  }
  agree_or(comm, words);
  const std::span<const std::uint64_t> tags = std::span(words).subspan(kHeader, tag_words);
  const std::span<const std::uint64_t> duplicates = std::span(words).subspan(kHeader + tag_words);
  Share share;
  const int bound = tag_bound();
  {
    const std::lock_guard lock(held_->mutex);
    share.tag_slot_ = held_->tags.take(tags, blocks_for_requests(bound));
    if (share.tag_slot_ < 0) throw no_tags_left(bound, count_held(tags));
    share.held_ = held_;
    if (words[0] != 0)
      share.comm_slot_ = held_->duplicates.take(duplicates, std::numeric_limits<std::int64_t>::max());
  }
  share.tag_ = AllreduceCall::kTags * (1 + static_cast<int>(share.tag_slot_));
  share.number_ = made_++;
  share.first_wait_ = static_cast<int>(words[1]);
  if (share.comm_slot_ >= 0) share.comm_ = duplicate_at(comm, share.comm_slot_);
  free_unused(duplicates, share.comm_slot_);
  return share;
}

// A call that failed may have left tables of different lengths on the ranks.
void SharedResources::go_on_from(const SharedResources& before, const Communicator& fresh) {
  held_ = before.held_;
  std::array<double, 3> sizes{};
  {
    const std::lock_guard lock(held_->mutex);
    sizes = {static_cast<double>(held_->tags.held().size()),
             static_cast<double>(held_->duplicates.held().size()), static_cast<double>(before.made_)};
  }
  agree_max(fresh, sizes);
  made_ = static_cast<std::int64_t>(sizes[2]);
  std::vector<std::uint64_t> duplicates;
  bool any = false;
  {
    const std::lock_guard lock(held_->mutex);
    held_->tags.grow_to(static_cast<std::size_t>(sizes[0]));
    held_->duplicates.grow_to(static_cast<std::size_t>(sizes[1]));
    const auto held = held_->duplicates.held();
    duplicates.assign(held.begin(), held.end());
    any = count_held(held_->tags.held()) > 0;
  }
  duplicates.push_back(any ? 1 : 0);
  agree_or(fresh, duplicates);
  any_live_ = duplicates.back() != 0;
  duplicates.pop_back();
  for (std::int64_t slot = 0; slot < SlotTable::slots(duplicates.size()); ++slot)
    if (is_held(duplicates, slot)) duplicate_at(fresh, slot);
}

void SharedResources::renew(Share& share) const {
  if (share.comm_slot_ >= 0) share.comm_ = duplicates_[static_cast<std::size_t>(share.comm_slot_)]->handle();
}

MPI_Comm SharedResources::duplicate_at(const Communicator& comm, std::int64_t slot) {
  const auto place = static_cast<std::size_t>(slot);
  if (duplicates_.size() <= place) duplicates_.resize(place + 1);
  if (!duplicates_[place]) duplicates_[place].emplace(Communicator::duplicate(comm));
  return duplicates_[place]->handle();
}

/// Frees duplicates that no rank uses. Called by all ranks together, since MPI frees collectively.
void SharedResources::free_unused(std::span<const std::uint64_t> held_by_any, std::int64_t taken) {
  std::size_t spare = 0;
  for (std::size_t i = 0; i < duplicates_.size(); ++i) {
    const auto slot = static_cast<std::int64_t>(i);
    if (!duplicates_[i] || slot == taken || is_held(held_by_any, slot)) continue;
    if (++spare > kSpare) duplicates_[i].reset();
  }
}

}  // namespace pliant
