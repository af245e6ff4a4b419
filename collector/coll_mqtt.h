// The collector's connection to the broker: a thread that reads, subscribes, and comes back by itself.
#ifndef COLL_MQTT_H
#define COLL_MQTT_H

struct coll_queue;
struct err;
struct coll_mqtt;

struct coll_mqtt_conf {
    const char *host, *user, *password; // password NULL: anonymous
    const char *prefix;
    const char *ca;    // file of the authority that signed the broker's certificate; NULL: no TLS
    const char *share; // group that shares the devices' data (MQTT 5); NULL: all of it comes here
    bool lead;                          // receives the devices' state and the outbox's mark as well
    int port;
};

// Starts the thread; it tries to connect until it is stopped, longer and longer between (up to 5 s).
// Messages, PUBACKs, SUBACKs and changes of the connection go to the queue.
int coll_mqtt_start(struct coll_mqtt **m, const struct coll_mqtt_conf *c, struct coll_queue *q,
                    struct err *e) MUST_CHECK;
// Publishes below the prefix. mid: where not NULL, receives the number that COLL_SENT will carry (QoS 1).
// E_STATE while there is no connection.
int coll_mqtt_publish(struct coll_mqtt *m, const char *topic, const void *payload, size_t len,
                      int qos, bool retain, int *mid) MUST_CHECK;
// Subscribes again to what is retained, so that the broker sends it once more.
void coll_mqtt_refresh_state(struct coll_mqtt *m);
// From now on as with lead in the configuration: for a collector that takes over.
void coll_mqtt_lead(struct coll_mqtt *m);
// Subscribes to the devices' data once more: for a subscription that went quiet.
void coll_mqtt_refresh_data(struct coll_mqtt *m);
// Subscribes to single topics below the prefix; *mid: the number that COLL_SUBSCRIBED will carry. E_STATE without a
// connection. coll_mqtt_forget ends one of them.
int coll_mqtt_ask(struct coll_mqtt *m, const char *const *topics, size_t count,
                  int *mid) MUST_CHECK;
void coll_mqtt_forget(struct coll_mqtt *m, const char *topic);
// Sends what is queued, says goodbye, ends the thread. Accepts NULL.
void coll_mqtt_stop(struct coll_mqtt *m);

#endif
