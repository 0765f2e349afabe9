import TestSupport

typealias Feeds = WarmedFeeds
