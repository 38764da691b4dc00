"""The models: one module for each, with its queryset."""

from articles.models.act import Act, ActChange
from articles.models.any_of import AnyOf
from articles.models.api_token import ApiToken
from articles.models.article import Article
from articles.models.article_queryset import ArticleQuerySet, or_least
from articles.models.change import Change
from articles.models.clock import Clock
from articles.models.edition import Edition
from articles.models.epoch import Epoch
from articles.models.former import FormerAddress, FormerSlug
from articles.models.image import Image
from articles.models.import_run import ImportConflict, ImportProblem, ImportRun
from articles.models.kept_answer import KeptAnswer
from articles.models.logo import Logo
from articles.models.pair import Pair
from articles.models.policy_version import PolicyVersion
from articles.models.purge import Purge
from articles.models.quality_model import ProviderRecord, QualityModel
from articles.models.related import Related
from articles.models.sign_in import SignIn
from articles.models.source_document import FormerDocument, SourceDocument
from articles.models.stored_image import ImageFetch, StoredImage, StoredRendition
from articles.models.topic import ArticleTopic, FormerTopicSlug, Topic
from articles.models.unindexed import Unindexed
from articles.models.unsuggested import Unsuggested
from articles.models.upload import ImportFile, ImportPart, Upload
from articles.models.verdict import OPEN, AwaitedVerdict, Verdict
from articles.models.web_hook import HookDelivery, HookPlace, HookTold, WebHook
from articles.models.word import Word
from articles.models.worker import Worker
