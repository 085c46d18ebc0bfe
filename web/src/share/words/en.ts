/** What only the page of a shared trip says. */
export const en = {
  title: "Shared trip",
  loading: "Looking for the trip…",
  comes: "The driver is at the pickup in",
  waits: "The driver waits at the pickup",
  on_the_way: "On the way, there in",
  rides: "On the way",
  coming: "The driver is on the way to the pickup",
  completed_title: "The trip has ended",
  completed_note: "They got off at {time}.",
  cancelled_title: "The ride was cancelled",
  expired_title: "No driver was found",
  ended_title: "This link has ended",
  ended_note:
    "The ride is over, sharing it was stopped, or the link's time has passed. There is nothing more to see here.",
  unknown_title: "This link shows nothing",
  unknown_note:
    "The ride is over, sharing it was stopped, the link's time has passed, or the address was not copied whole.",
} as const;
