// Commands that act on one thing by its id and need no flags of their own.
#pragma once

#include <string>

#include "app/postrider/api.h"

namespace postrider::cli {

struct OneThing {
  const char* group;  ///< the command above, also the collection's path
  const char* name;
  const char* summary;
  const char* id_example;  ///< `dlv_`
  const char* method;
  const char* action;  ///< after the id, may be empty
  const char* done;    ///< "<id> <done>" is printed; null = the object that came back
};
void add_one_thing(const Command& group, const OneThing& thing);

}  // namespace postrider::cli
