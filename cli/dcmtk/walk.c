/* Depth first, with a stack instead of recursion: what is walked over came from a peer. */
#include "walk.h"

enum { LEVELS_MAX = 64 }; /* more than the library reads; what is deeper is left out */

typedef struct place {
  const scu_dataset *dataset;
  size_t next;                 /* element of the dataset */
  const scu_element *sequence; /* that is gone through; NULL = none */
  size_t item;
} place;

typedef struct walk {
  walk_function *function;
  void *user;
  place stack[LEVELS_MAX];
  size_t depth;
} walk;

static void tell(walk *w, walk_step step, const scu_element *element) {
  w->function(w->user, step, w->depth, w->stack[w->depth].dataset, element);
}

/* The next item of the sequence, or its end. */
static void step_in_sequence(walk *w) {
  place *at = &w->stack[w->depth];
  const scu_dataset *item = scu_element_item(at->sequence, at->item++);
  if (item && w->depth + 1 < LEVELS_MAX) {
    tell(w, WALK_ITEM, NULL);
    w->stack[++w->depth] = (place){.dataset = item};
    return;
  }
  tell(w, WALK_SEQUENCE_END, NULL);
  at->sequence = NULL;
}

/* The next element, or the end of the item. False: of the dataset. */
static bool step_in_dataset(walk *w) {
  place *at = &w->stack[w->depth];
  const scu_element *element = scu_dataset_at(at->dataset, at->next++);
  if (element && scu_element_vr(element) == SCU_VR_SQ) {
    tell(w, WALK_SEQUENCE, element);
    if (scu_element_item_count(element) > 0) at->sequence = element;
  } else if (element) {
    tell(w, WALK_ELEMENT, element);
  } else if (w->depth > 0) {
    w->depth--;
    tell(w, WALK_ITEM_END, NULL);
  } else {
    return false;
  }
  return true;
}

void dataset_walk(const scu_dataset *dataset, walk_function *function, void *user) {
  walk w = {.function = function, .user = user, .stack = {{.dataset = dataset}}};
  bool goes_on = true;
  while (goes_on) {
    if (w.stack[w.depth].sequence)
      step_in_sequence(&w);
    else
      goes_on = step_in_dataset(&w);
  }
}
