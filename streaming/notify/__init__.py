"""From alert events to mails: policy and wording are pure, the rest delivers at least once, under one Message-ID."""
