/* A gateway on freeDiameter, driven by lines on standard input (see ../README.md).
 *
 * Built as an extension (gateway.fdx) and loaded behind dict_dcca and dict_dcca_3gpp, whose rules drop an
 * answer that is not exact. */
#include <freeDiameter/extension.h>
#include <stdio.h>
#include <string.h>
#include <semaphore.h>

static pthread_t reader;
static sem_t answered;
static char line_out[2048];
static unsigned unit_code = 421;
static uint8_t token[512];
static size_t token_len;
static struct dict_object *ccr;

static struct dict_object *avp_of(const char *name) {
	struct dict_object *found = NULL;
	if (fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_NAME_ALL_VENDORS, name, &found, ENOENT)) {
		fprintf(stderr, "no AVP %s in the dictionaries\n", name);
		exit(2);
	}
	return found;
}

static void add(msg_or_avp *parent, const char *name, union avp_value *value) {
	struct avp *avp;
	if (fd_msg_avp_new(avp_of(name), 0, &avp) || (value && fd_msg_avp_setvalue(avp, value)) ||
	    fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, avp)) {
		fprintf(stderr, "cannot add %s\n", name);
		exit(2);
	}
}

static void add_u32(msg_or_avp *parent, const char *name, uint32_t number) {
	union avp_value value = {.u32 = number};
	add(parent, name, &value);
}

static void add_text(msg_or_avp *parent, const char *name, const char *text) {
	union avp_value value;
	value.os.data = (uint8_t *)text;
	value.os.len = strlen(text);
	add(parent, name, &value);
}

static void read_token(const char *hex) {
	unsigned octet;
	for (token_len = 0; token_len < sizeof token && sscanf(hex + 2 * token_len, "%2x", &octet) == 1; token_len++)
		token[token_len] = (uint8_t)octet;
}

static struct avp *group(msg_or_avp *parent, const char *name) {
	struct avp *avp;
	if (fd_msg_avp_new(avp_of(name), 0, &avp) || fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, avp)) {
		fprintf(stderr, "cannot add %s\n", name);
		exit(2);
	}
	return avp;
}

static void add_units(msg_or_avp *parent, unsigned long long count) {
	union avp_value value;
	if (unit_code == 420) {
		value.u32 = (uint32_t)count;
		add(parent, "CC-Time", &value);
	} else {
		value.u64 = count;
		add(parent, unit_code == 417 ? "CC-Service-Specific-Units" : "CC-Total-Octets", &value);
	}
}

static void add_mscc(struct msg *msg, char *text) {
	char *rest = NULL, *rating = strtok_r(text, ":", &rest);
	char *ask = strtok_r(NULL, ":", &rest), *used = strtok_r(NULL, ":", &rest);
	struct avp *mscc = group(msg, "Multiple-Services-Credit-Control");
	if (strcmp(ask, "-")) {
		struct avp *rsu = group(mscc, "Requested-Service-Unit");
		if (strcmp(ask, "ask")) add_units(rsu, strtoull(ask, NULL, 10));
	}
	if (strcmp(used, "-")) add_units(group(mscc, "Used-Service-Unit"), strtoull(used, NULL, 10));
	if (strcmp(rating, "-")) add_u32(mscc, "Rating-Group", (uint32_t)strtoul(rating, NULL, 10));
	if (token_len) {
		union avp_value value;
		value.os.data = token;
		value.os.len = token_len;
		add(mscc, "Refund-Information", &value);
	}
}

static void add_called(struct msg *msg, const char *called) {
	struct avp *call = group(group(msg, "Service-Information"), "IMS-Information");
	add_u32(call, "Role-Of-Node", 0);
	add_u32(call, "Node-Functionality", 6);
	add_text(call, "Called-Party-Address", called);
}

static void number_of(char *out, size_t size, struct avp *parent, uint32_t code) {
	struct avp *child;
	struct avp_hdr *header;
	snprintf(out, size, "-");
	if (!parent || fd_msg_browse(parent, MSG_BRW_FIRST_CHILD, &child, NULL)) return;
	for (; child; fd_msg_browse(child, MSG_BRW_NEXT, &child, NULL)) {
		fd_msg_avp_hdr(child, &header);
		if (header->avp_code != code || header->avp_vendor || !header->avp_value) continue;
		if (code == 421 || code == 417) snprintf(out, size, "%llu", (unsigned long long)header->avp_value->u64);
		else snprintf(out, size, "%u", header->avp_value->u32);
	}
}

static struct avp *child_of(struct avp *parent, uint32_t code, uint32_t vendor) {
	struct avp *child;
	struct avp_hdr *header;
	if (!parent) return NULL;
	if (fd_msg_browse(parent, MSG_BRW_FIRST_CHILD, &child, NULL)) return NULL;
	for (; child; fd_msg_browse(child, MSG_BRW_NEXT, &child, NULL)) {
		fd_msg_avp_hdr(child, &header);
		if (header->avp_code == code && header->avp_vendor == vendor) return child;
	}
	return NULL;
}

static long long signed_of(struct avp *avp, int wide) {
	struct avp_hdr *header;
	if (!avp || fd_msg_avp_hdr(avp, &header) || !header->avp_value) return 0;
	return wide ? (long long)header->avp_value->i64 : (long long)header->avp_value->i32;
}

static void token_of(char *out, size_t size, struct avp *mscc) {
	struct avp *avp = child_of(mscc, 2022, 10415);
	struct avp_hdr *header;
	if (!avp || fd_msg_avp_hdr(avp, &header) || !header->avp_value) return;
	size_t used = snprintf(out, size, " refund=");
	for (size_t at = 0; at < header->avp_value->os.len && used + 2 < size; at++)
		used += snprintf(out + used, size - used, "%02x", header->avp_value->os.data[at]);
}

static void on_answer(void *data, struct msg **msg) {
	char result[24] = "-", type[24] = "-", number[24] = "-", check[24] = "", cost[64] = "", parts[1600] = "";
	struct avp *avp;
	struct avp_hdr *header;
	(void)data;
	fd_msg_browse(*msg, MSG_BRW_FIRST_CHILD, &avp, NULL);
	for (; avp; fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL)) {
		fd_msg_avp_hdr(avp, &header);
		if (header->avp_vendor || !header->avp_value) {
			if (header->avp_code == 423 && !header->avp_vendor) {
				struct avp *value = child_of(avp, 445, 0);
				snprintf(cost, sizeof cost, " cost=%llde%lld", signed_of(child_of(value, 447, 0), 1),
				         signed_of(child_of(value, 429, 0), 0));
			}
			if (header->avp_code != 456) continue;
			char refund[600] = "", group[24], code[24], granted[24], validity[24], final[24];
			number_of(group, sizeof group, avp, 432);
			number_of(code, sizeof code, avp, 268);
			number_of(granted, sizeof granted, child_of(avp, 431, 0), unit_code);
			number_of(validity, sizeof validity, avp, 448);
			number_of(final, sizeof final, child_of(avp, 430, 0), 449);
			size_t used = strlen(parts);
			token_of(refund, sizeof refund, avp);
			snprintf(parts + used, sizeof parts - used, " mscc=%s:%s:%s:%s:%s%s", group, code, granted, validity, final, refund);
			continue;
		}
		if (header->avp_code == 268) snprintf(result, sizeof result, "%u", header->avp_value->u32);
		if (header->avp_code == 422) snprintf(check, sizeof check, " check=%u", header->avp_value->u32);
		if (header->avp_code == 416) snprintf(type, sizeof type, "%u", header->avp_value->u32);
		if (header->avp_code == 415) snprintf(number, sizeof number, "%u", header->avp_value->u32);
	}
	snprintf(line_out, sizeof line_out, "cca result=%s type=%s number=%s%s%s%s", result, type, number, parts, check, cost);
	fd_msg_free(*msg);
	*msg = NULL;
	sem_post(&answered);
}

static void call(char *line) {
	struct msg *msg;
	struct avp *subscription;
	char session[256] = "", msisdn[32] = "", context[64] = "", called[128] = "", *word, *rest = NULL;
	char *parts[16];
	uint32_t type = 0, number = 0, action = 0;
	int count = 0;
	unit_code = 421;
	token_len = 0;
	for (word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		sscanf(word, "session=%200s", session);
		sscanf(word, "msisdn=%31s", msisdn);
		sscanf(word, "context=%63s", context);
		sscanf(word, "type=%u", &type);
		sscanf(word, "number=%u", &number);
		sscanf(word, "unit=%u", &unit_code);
		sscanf(word, "action=%u", &action);
		sscanf(word, "called=%127s", called);
		if (!strncmp(word, "refund=", 7)) read_token(word + 7);
		if (!strncmp(word, "mscc=", 5) && count < 16) parts[count++] = word + 5;
	}
	char id[300];
	snprintf(id, sizeof id, "%s;%s", fd_g_config->cnf_diamid, session);
	if (fd_msg_new(ccr, MSGFL_ALLOC_ETEID, &msg)) exit(2);
	add_text(msg, "Session-Id", id);
	fd_msg_add_origin(msg, 0);
	add_text(msg, "Destination-Realm", getenv("GYRO_INTEROP_REALM"));
	add_u32(msg, "Auth-Application-Id", 4);
	add_text(msg, "Service-Context-Id", context);
	add_u32(msg, "CC-Request-Type", type);
	add_u32(msg, "CC-Request-Number", number);
	subscription = group(msg, "Subscription-Id");
	add_u32(subscription, "Subscription-Id-Type", 0);
	add_text(subscription, "Subscription-Id-Data", msisdn);
	if (type == 4) add_u32(msg, "Requested-Action", action);
	else add_u32(msg, "Multiple-Services-Indicator", 1);
	if (type == 3) add_u32(msg, "Termination-Cause", 1);
	for (int at = 0; at < count; at++) add_mscc(msg, parts[at]);
	if (*called) add_called(msg, called);
	fd_msg_send(&msg, on_answer, NULL);
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	puts(sem_timedwait(&answered, &until) ? "cca none" : line_out);
	fflush(stdout);
}

static void *read_lines(void *unused) {
	char line[2048];
	struct timespec pause = {0, 50000000};
	(void)unused;
	for (int tries = 0; tries < 400; tries++) { /* until the peer is open */
		int open = 0;
		struct fd_list *item;
		pthread_rwlock_rdlock(&fd_g_peers_rw);
		for (item = fd_g_peers.next; item != &fd_g_peers; item = item->next)
			open |= fd_peer_get_state((struct peer_hdr *)item->o) == STATE_OPEN;
		pthread_rwlock_unlock(&fd_g_peers_rw);
		if (open) break;
		nanosleep(&pause, NULL);
	}
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof line, stdin) && strncmp(line, "quit", 4))
		if (!strncmp(line, "ccr ", 4)) call(line + 4);
	puts("bye");
	fflush(stdout);
	fd_core_shutdown();
	return NULL;
}

/* Tells of a RAR or an ASR, and answers it: 2002, what follows is asked for by a line; 2001. */
static int on_demand(struct msg **msg, struct avp *unused, struct session *session, void *data, enum disp_action *act) {
	char id[300] = "", type[24] = "-", group[24] = "-";
	struct avp *avp;
	struct avp_hdr *header;
	struct msg_hdr *command;
	const char *own = fd_g_config->cnf_diamid, *name = id;
	size_t length = strlen(own);
	int reauth;
	(void)unused, (void)session, (void)data;
	CHECK_FCT(fd_msg_hdr(*msg, &command));
	reauth = command->msg_code == 258;
	CHECK_FCT(fd_msg_browse(*msg, MSG_BRW_FIRST_CHILD, &avp, NULL));
	for (; avp; fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL)) {
		CHECK_FCT(fd_msg_avp_hdr(avp, &header));
		if (header->avp_vendor || !header->avp_value) continue;
		if (header->avp_code == 263) snprintf(id, sizeof id, "%.*s", (int)header->avp_value->os.len, (char *)header->avp_value->os.data);
		if (header->avp_code == 285) snprintf(type, sizeof type, "%u", header->avp_value->u32);
		if (header->avp_code == 432) snprintf(group, sizeof group, "%u", header->avp_value->u32);
	}
	if (!strncmp(id, own, length) && id[length] == ';') name = id + length + 1;
	if (reauth) printf("asked rar session=%s type=%s group=%s\n", name, type, group);
	else printf("asked asr session=%s\n", name);
	fflush(stdout);
	CHECK_FCT(fd_msg_new_answer_from_req(fd_g_config->cnf_dict, msg, 0));
	CHECK_FCT(fd_msg_rescode_set(*msg, reauth ? "DIAMETER_LIMITED_SUCCESS" : "DIAMETER_SUCCESS", NULL, NULL, 1));
	CHECK_FCT(fd_msg_send(msg, NULL, NULL));
	*act = DISP_ACT_CONT;
	return 0;
}

static int serve(struct dict_object *application, const char *name) {
	struct disp_when when;
	memset(&when, 0, sizeof when);
	when.app = application;
	CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_NAME, name, &when.command, ENOENT));
	CHECK_FCT(fd_disp_register(on_demand, DISP_HOW_CC, &when, NULL, NULL));
	return 0;
}

static int gateway_entry(char *conffile) {
	struct dict_object *application, *vendor_application = NULL;
	application_id_t credit_control = 4;
	(void)conffile;
	(void)vendor_application;
	CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_APPLICATION, APPLICATION_BY_ID, &credit_control, &application, ENOENT));
	CHECK_FCT(fd_disp_app_support(application, NULL, 1, 0));
	CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_NAME, "Credit-Control-Request", &ccr, ENOENT));
	CHECK_FCT(serve(application, "Re-Auth-Request"));
	CHECK_FCT(serve(application, "Abort-Session-Request"));
	CHECK_SYS(sem_init(&answered, 0, 0));
	CHECK_POSIX(pthread_create(&reader, NULL, read_lines, NULL));
	return 0;
}

void fd_ext_fini(void) {}

EXTENSION_ENTRY("gateway", gateway_entry, "dict_dcca");
