"""What the administrator makes in Kafka: topics, users, permissions. Each may be made again; what is right is left."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from lakehouse.access import ACCESS, Access, group_id
from lakehouse.contract import Topic
from lakehouse.errors import StoreError
from lakehouse.kafka import client_config
from lakehouse.render import topic_config
from lakehouse.settings import KafkaSettings, Service, Settings
from lakehouse.topics import TOPICS

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
TIMEOUT_S: Final = 30.0
ITERATIONS: Final = 8192
_PROBE_S: Final = 3.0
_REFUSALS: Final = 10  # librdkafka tries about three times a second; a new password is known everywhere within one


def admin(settings: Settings, service: Service = Service.ADMIN, *, patience_s: float = TIMEOUT_S) -> AdminClient:
    """Return a client for administration, once Kafka has answered it.

    Raises
    ------
    StoreError
        When Kafka does not answer within `patience_s`, or refuses the login.
    """
    refusals: list[KafkaError] = []
    client = AdminClient(client_config(settings, service) | {"error_cb": refusals.append})

    def ask() -> None:
        try:
            client.list_topics(timeout=_PROBE_S)
        finally:
            client.poll(0)  # runs error_cb, which alone tells a refused login from a broker that is away

    deadline = stop_after_delay(patience_s)

    def given_up(state: RetryCallState) -> bool:
        return deadline(state) or sum(map(_is_refusal, refusals)) >= _REFUSALS

    try:
        Retrying(
            retry=retry_if_exception_type(KafkaException),
            wait=wait_exponential_jitter(multiplier=0.2, max=3.0, jitter=0.1),
            stop=given_up,
            before_sleep=_say_waiting,
            reraise=True,
        )(ask)
    except KafkaException as error:
        cause = next(filter(_is_refusal, refusals), error.args[0])
        raise StoreError(
            f"Kafka must let {service} in within {patience_s:g} s; {settings.kafka.bootstrap}: {cause.str()}; "
            "see `make status`, then run `python -m lakehouse init`"
        ) from error
    return client


def _is_refusal(error: KafkaError) -> bool:
    return bool(error.code() == KafkaError._AUTHENTICATION)  # noqa: SLF001  a public name: librdkafka's own errors begin so


def _say_waiting(state: RetryCallState) -> None:
    logger.info("waiting for Kafka (try %d)", state.attempt_number)


def ensure_topics(client: AdminClient, settings: KafkaSettings) -> list[str]:
    """Make the topics of the contract, and correct their configuration. Returns what was changed, in words.

    Raises
    ------
    StoreError
        When a topic has another number of partitions than the settings say: the patients of a partition would change,
        and the fold with them.
    """
    there = client.list_topics(timeout=TIMEOUT_S).topics
    changes = []
    for topic in TOPICS.values():
        wanted = settings.partitions
        if topic.name not in there:
            new = NewTopic(topic.name, wanted, settings.replication, config=topic_config(topic, settings))
            _all(client.create_topics([new]))
            changes.append(f"topic {topic.name} made, {wanted} partitions")
            continue
        if len(there[topic.name].partitions) != wanted:
            raise StoreError(
                f"the number of partitions is fixed once there are data; topic {topic.name} has "
                f"{len(there[topic.name].partitions)}, the settings say {wanted}; "
                "set WARDWATCH_KAFKA__PARTITIONS back"
            )
        changes += _ensure_config(client, topic, topic_config(topic, settings))
    return changes


def _ensure_config(client: AdminClient, topic: Topic, wanted: Mapping[str, str]) -> list[str]:
    resource = ConfigResource(ResourceType.TOPIC, topic.name)
    (found,) = _all(client.describe_configs([resource])).values()
    wrong = {name: value for name, value in wanted.items() if found[name].value != value}
    if not wrong:
        return []
    entries = [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in wrong.items()]
    change = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries)
    _all(client.incremental_alter_configs([change]))
    return [f"topic {topic.name}: {name} = {value}" for name, value in wrong.items()]


def ensure_users(client: AdminClient, settings: Settings) -> list[str]:
    """Give every service its password of the settings (SCRAM). Returns the users that were not there, in words."""
    services = [str(service) for service in ACCESS]
    answers: Any = client.describe_user_scram_credentials(services)
    known = {user for user, answer in answers.items() if answer.exception(TIMEOUT_S) is None}
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    wanted = [
        UserScramCredentialUpsertion(str(service), credential, settings.password(service).encode())
        for service in ACCESS
    ]
    _all(client.alter_user_scram_credentials(list(wanted)))
    return [f"user {user} made" for user in services if user not in known]


def acls(service: Service, access: Access) -> set[AclBinding]:
    """Return the permissions of a service; who may read or write a topic may also describe it."""
    bindings = {
        _binding(service, ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, operation)
        for topics, operation in ((access.reads, AclOperation.READ), (access.writes, AclOperation.WRITE))
        for topic in topics
    }
    groups = [(service, AclOperation.READ)] if access.reads else []
    groups += [(other, AclOperation.DESCRIBE) for other in access.follows]
    return bindings | {
        _binding(service, ResourceType.GROUP, group_id(whose, ""), ResourcePatternType.PREFIXED, operation)
        for whose, operation in groups
    }


def _binding(
    service: Service, kind: ResourceType, name: str, pattern: ResourcePatternType, operation: AclOperation
) -> AclBinding:
    return AclBinding(kind, name, pattern, f"User:{service}", "*", operation, AclPermissionType.ALLOW)


def ensure_acls(client: AdminClient) -> list[str]:
    """Make the permissions what the contract says: add what lacks, take back what is too much. Returns the changes."""
    wanted = {binding for service, access in ACCESS.items() for binding in acls(service, access)}
    found = set(client.describe_acls(_ANY).result(TIMEOUT_S))
    missing, extra = wanted - found, {binding for binding in found - wanted if _is_ours(binding)}
    if missing:
        _all(client.create_acls(list(missing)))
    if extra:
        _all(client.delete_acls([_exactly(binding) for binding in extra]))
    return [f"permission given: {_words(each)}" for each in missing] + [
        f"permission taken back: {_words(each)}" for each in extra
    ]


_ALL: Any = None
_ANY: Final = AclBindingFilter(
    ResourceType.ANY, _ALL, ResourcePatternType.ANY, _ALL, _ALL, AclOperation.ANY, AclPermissionType.ANY
)


def _is_ours(binding: AclBinding) -> bool:
    return binding.principal.removeprefix("User:") in {str(service) for service in ACCESS}


def _exactly(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _words(binding: AclBinding) -> str:
    return (
        f"{binding.principal.removeprefix('User:')} may {AclOperation(binding.operation).name.lower()} "
        f"{ResourceType(binding.restype).name.lower()} {binding.name}"
    )


def permitted(client: AdminClient, topics: Iterable[str]) -> dict[str, set[str]]:
    """Return what the client's own user may do with each topic: names of operations; empty where it may not see it."""
    answers = client.describe_topics(TopicCollection(list(topics)), include_authorized_operations=True)
    return {topic: _operations(answer) for topic, answer in answers.items()}


def committed(
    client: AdminClient, group: str, topic: str, partitions: Iterable[int], patience_s: float = TIMEOUT_S
) -> dict[int, int]:
    """Return how far a consumer group has got: partition -> next offset; 0 where it has never committed.

    Raises
    ------
    StoreError
        When Kafka does not answer, or the client's user may not know.
    """
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition) for partition in partitions])
    (answer,) = client.list_consumer_group_offsets([asked], request_timeout=patience_s).values()
    try:
        found = answer.result().topic_partitions
        for each in found:
            if each.error is not None:
                raise KafkaException(each.error)
    except KafkaException as error:
        why = error.args[0].str()
        raise StoreError(f"Kafka must tell how far {group} has read; {why}; see `make status`") from error
    return {each.partition: max(each.offset, 0) for each in found}


def _operations(answer: Future[Any]) -> set[str]:
    try:
        return {operation.name.lower() for operation in answer.result(TIMEOUT_S).authorized_operations}
    except KafkaException as error:
        if error.args[0].code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.UNKNOWN_TOPIC_OR_PART):
            return set()
        raise


def _all(futures: Mapping[Any, Future[Result]]) -> dict[Any, Result]:
    """Wait for all answers.

    Raises
    ------
    StoreError
        Naming the first thing that Kafka refused.
    """
    answers = {}
    for subject, future in futures.items():
        try:
            answers[subject] = future.result(TIMEOUT_S)
        except KafkaException as error:
            raise StoreError(
                f"the administrator may change Kafka; {subject}: {error.args[0].str()}; "
                "check WARDWATCH_PASSWORDS__ADMIN and the broker's log"
            ) from error
    return answers
