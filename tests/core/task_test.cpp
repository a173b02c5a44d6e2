// Suspended functions: order, errors, several strands, and reuse of memory.
#include "core/task.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace pliant {
namespace {

/// State shared by the functions below; stands for a collective's call.
struct Story {
  FramePool pool;
  std::string said;
  int ready = 0;  ///< waits for numbers up to this one are over

  FramePool& frames() { return pool; }
};

Task wait_for(Story& story, int number) {
  const auto is_ready = [&] { return story.ready >= number; };
  co_await until(is_ready);
  story.said += std::to_string(number);
}

Task in_order(Story& story) {
  story.said += "a";
  co_await wait_for(story, 1);
  story.said += "b";
  co_await wait_for(story, 2);
  story.said += "c";
}

Task fails_after(Story& story, int number) {
  co_await wait_for(story, number);
  throw std::runtime_error("failed");
}

Task survives(Story& story) {
  try {
    co_await fails_after(story, 1);
  } catch (const std::runtime_error&) {
    story.said += "caught";
  }
}

TEST(Task, DoesNothingBeforeItIsStarted) {
  Story story;
  const Task task = in_order(story);
  EXPECT_EQ(story.said, "");
  EXPECT_FALSE(task.done());
}

TEST(Task, GoesOnWhereItWaited) {
  Story story;
  Execution execution;
  execution.start(in_order(story));
  EXPECT_EQ(story.said, "a");
  EXPECT_FALSE(execution.advance());
  EXPECT_EQ(story.said, "a");
  story.ready = 1;
  EXPECT_FALSE(execution.advance());
  EXPECT_EQ(story.said, "a1b");
  story.ready = 2;
  EXPECT_TRUE(execution.advance());
  EXPECT_EQ(story.said, "a1b2c");
  EXPECT_TRUE(execution.idle());
}

TEST(Task, DoesNotWaitForWhatIsReady) {
  Story story;
  story.ready = 2;
  Execution execution;
  execution.start(in_order(story));
  EXPECT_EQ(story.said, "a1b2c");
  EXPECT_TRUE(execution.advance());
}

TEST(Task, ErrorsReachTheCaller) {
  Story story;
  story.ready = 1;
  Execution execution;
  execution.start(survives(story));
  EXPECT_TRUE(execution.advance());
  EXPECT_EQ(story.said, "1caught");
}

TEST(Task, ErrorsOfTheRootReachWhoAdvances) {
  Story story;
  Execution execution;
  execution.start(fails_after(story, 1));
  EXPECT_FALSE(execution.advance());
  story.ready = 1;
  EXPECT_THROW(execution.advance(), std::runtime_error);
  EXPECT_TRUE(execution.idle());
  execution.start(in_order(story));  // and it can be used again
  story.ready = 2;
  EXPECT_TRUE(execution.advance());
}

TEST(Task, StrandsRunBesideOneAnother) {
  Story story;
  Execution execution;
  execution.start(
      together(story, wait_for(story, 2), together(story, wait_for(story, 1), wait_for(story, 3))));
  for (int number = 1; number <= 3; ++number) {
    story.ready = number;
    EXPECT_FALSE(execution.idle());
    for (int i = 0; i < 3; ++i)
      if (!execution.idle()) execution.advance();
  }
  EXPECT_EQ(story.said, "123");
  EXPECT_TRUE(execution.idle());
}

TEST(Task, AnErrorInOneStrandEndsAll) {
  Story story;
  Execution execution;
  execution.start(together(story, wait_for(story, 100), fails_after(story, 1)));
  story.ready = 1;
  EXPECT_THROW(
      {
        for (int i = 0; i < 3; ++i) execution.advance();
      },
      std::runtime_error);
  EXPECT_TRUE(execution.idle());
}

/// Records its destruction.
struct Guard {
  std::string& said;
  ~Guard() { said += "gone"; }
};

Task holds_something(Story& story) {
  const Guard guard{story.said};
  co_await wait_for(story, 1);
}

TEST(Task, AnExecutionThatGoesEndsWhatItRuns) {
  Story story;
  {
    Execution execution;
    execution.start(holds_something(story));
    EXPECT_EQ(story.said, "");
  }
  EXPECT_EQ(story.said, "gone");
}

TEST(FramePool, GivesTheSameMemoryAgain) {
  FramePool pool;
  std::vector<void*> first;
  for (int i = 0; i < 6; ++i) first.push_back(pool.take(100));
  for (void* frame : first) FramePool::give_back(frame);
  for (int i = 0; i < 6; ++i) {
    void* const again = pool.take(100);
    EXPECT_NE(std::find(first.begin(), first.end(), again), first.end());
  }
}

TEST(FramePool, RefusesAFrameThatIsNone) {
  FramePool pool;
  EXPECT_THROW(pool.take(1 << 20), std::bad_alloc);
}

}  // namespace
}  // namespace pliant
