#include "runtime/context_list.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "mpi/agree.hpp"
#include "mpi/group.hpp"
#include "runtime/context.hpp"

namespace pliant {
namespace {

using Contexts = std::vector<std::shared_ptr<Context>>;

void sort_by_key(Contexts& contexts) {
  std::sort(contexts.begin(), contexts.end(),
            [](const auto& one, const auto& other) { return one->key() < other->key(); });
}

/// Number of ranks of `comm` that name each key. Collective.
std::map<ContextKey, int> tally(const Communicator& comm, const std::vector<ContextKey>& mine) {
  const std::vector<std::byte> all = gather_from_all(comm, std::as_bytes(std::span(mine)));
  std::map<ContextKey, int> named;
  for (std::size_t at = 0; at < all.size(); at += sizeof(ContextKey)) {
    ContextKey key;
    std::memcpy(&key, all.data() + at, sizeof key);
    ++named[key];
  }
  return named;
}

}  // namespace

void ContextList::add(std::shared_ptr<Context> context) {
  const std::lock_guard lock(mutex_);
  contexts_.push_back(std::move(context));
}

/// Contexts that only this list refers to: the program has freed the communicator and its requests.
Contexts ContextList::abandoned() {
  const std::lock_guard lock(mutex_);
  Contexts found;
  for (const auto& context : contexts_)
    if (context->comm_freed() && context.use_count() == 1) found.push_back(context);
  return found;
}

void ContextList::end(const Contexts& contexts) {
  for (const auto& context : contexts) context->end();
  const std::lock_guard lock(mutex_);
  std::erase_if(contexts_, [](const auto& context) { return context->ended(); });
}

void ContextList::end_abandoned(Context& fresh) {
  Contexts mine = abandoned();
  std::erase_if(mine, [&](const auto& context) { return !is_part_of(context->comm(), fresh.comm()); });
  if (first_rank_where(fresh.comm(), !mine.empty()) < 0) return;
  std::vector<ContextKey> keys;
  for (const auto& context : mine) keys.push_back(context->key());
  const std::map<ContextKey, int> named = tally(fresh.comm(), keys);
  std::erase_if(mine, [&](const auto& context) { return named.at(context->key()) < context->ranks(); });
  sort_by_key(mine);
  end(mine);
}

void ContextList::end_all() {
  Contexts all;
  {
    const std::lock_guard lock(mutex_);
    all = contexts_;
  }
  sort_by_key(all);
  end(all);
}

}  // namespace pliant
