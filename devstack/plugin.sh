#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# DevStack plugin: makes the n-cpu of this node a workstation, and lets the
# scheduler, the API and the metadata service of this node know of workstations.
#
# The variables come from DevStack and from "settings".
# shellcheck disable=SC2154

NOVA_DESKTOP_FILTER=nova_desktop.filters.desktop.DesktopFilter
NOVA_DESKTOP_WEIGHER=nova_desktop.weighers.all_weighers

# Install the package beside Nova, and the driver's module into Nova's tree.
function install_nova_desktop {
    # Not setup_develop: an editable install would hide Nova's own package.
    setup_install "$NOVA_DESKTOP_DIR"
    link_nova_desktop_driver
}

# Nova imports nova.virt.<compute_driver> from its own directory only. Where
# that is a checkout, the wheel's nova/virt lies elsewhere: a directory without
# __init__.py in site-packages, which would hide the checkout.
function link_nova_desktop_driver {
    local python=$NOVA_BIN_DIR/python3 site
    [[ -x $python ]] || python=python3
    site=$("$python" -c \
        'import sysconfig; print(sysconfig.get_path("purelib"))')
    if [[ -d $site/nova && ! -e $site/nova/__init__.py ]]; then
        sudo rm -r "$site/nova"
    fi
    if [[ ! -e $site/nova/__init__.py && -d $NOVA_DIR/nova/virt ]]; then
        ln -sfn "$NOVA_DESKTOP_DIR/nova/virt/desktop.py" \
            "$NOVA_DIR/nova/virt/desktop.py"
    fi
}

# Install units and the bus and polkit policies of the agent, and start it: nova-compute,
# which DevStack starts later, finds the guests' slice and the agent in place.
function start_nova_desktop_agent {
    local etc=$NOVA_DESKTOP_DIR/etc/nova_desktop
    local units=(nova-desktop-agent.service nova-desktop-save.service)
    sudo install -m 644 "$etc/org.openstack.NovaDesktop1.conf" \
        "$NOVA_DESKTOP_BUS_DIR/"
    sudo install -D -m 644 -t "$NOVA_DESKTOP_POLKIT_DIR" \
        "$etc/org.openstack.NovaDesktop1.policy"
    sudo install -m 644 "$etc/systemd/novadesktop.slice" \
        "${units[@]/#/$etc/systemd/}" "$NOVA_DESKTOP_UNIT_DIR/"
    sudo sed -i -e "s,/usr/bin/nova-desktop,$NOVA_BIN_DIR/nova-desktop,g" \
        -e "s,/etc/nova_desktop/agent.conf,$NOVA_DESKTOP_AGENT_CONF,g" \
        "${units[@]/#/$NOVA_DESKTOP_UNIT_DIR/}"
    iniset "$NOVA_DESKTOP_AGENT_CONF" DEFAULT debug "$ENABLE_DEBUG_LOG_LEVEL"
    $SYSTEMCTL daemon-reload
    $SYSTEMCTL reload dbus
    $SYSTEMCTL enable novadesktop.slice nova-desktop-agent nova-desktop-save
    $SYSTEMCTL restart novadesktop.slice nova-desktop-agent
    $SYSTEMCTL start nova-desktop-save
}

# DevStack copies nova.conf to nova-cpu.conf when it starts nova-compute.
function configure_nova_desktop_compute {
    iniset "$NOVA_CONF" DEFAULT compute_driver desktop.DesktopDriver
}

function configure_nova_desktop_scheduler {
    local filters
    filters=$(iniget "$NOVA_CONF" filter_scheduler enabled_filters)
    if [[ ,$filters, != *,DesktopFilter,* ]]; then
        iniset "$NOVA_CONF" filter_scheduler enabled_filters \
            "${filters:-$NOVA_FILTERS},DesktopFilter"
    fi
    iniset_multiline "$NOVA_CONF" filter_scheduler available_filters \
        nova.scheduler.filters.all_filters "$NOVA_DESKTOP_FILTER"
    iniset "$NOVA_CONF" filter_scheduler weight_classes \
        "nova.scheduler.weights.all_weighers,$NOVA_DESKTOP_WEIGHER"
    iniset "$NOVA_CONF" scheduler enable_isolated_aggregate_filtering True
}

function configure_nova_desktop_metadata {
    iniset "$NOVA_CONF" api vendordata_providers StaticJSON,DynamicJSON
    iniset "$NOVA_CONF" api vendordata_dynamic_targets \
        "desktop@http://127.0.0.1:$NOVA_DESKTOP_VENDORDATA_PORT/"
}

function configure_nova_desktop_reclaim {
    create_service_user nova-desktop admin
    configure_keystoneauth "$NOVA_DESKTOP_RECLAIM_CONF" nova-desktop service_auth
    iniset "$NOVA_DESKTOP_RECLAIM_CONF" service_auth region_name "$REGION_NAME"
    iniset "$NOVA_DESKTOP_RECLAIM_CONF" DEFAULT debug "$ENABLE_DEBUG_LOG_LEVEL"
    iniset "$NOVA_DESKTOP_RECLAIM_CONF" reclaim vendordata_port \
        "$NOVA_DESKTOP_VENDORDATA_PORT"
    # Workstations are on the bus of their cell.
    local virtual_host=nova_cell$NOVA_CPU_CELL
    if [[ $CELLSV2_SETUP == singleconductor ]]; then
        virtual_host=
    fi
    iniset_rpc_backend nova-desktop "$NOVA_DESKTOP_RECLAIM_CONF" DEFAULT \
        "$virtual_host"
}

function configure_nova_desktop {
    sudo install -d -o "$STACK_USER" "$NOVA_DESKTOP_CONF_DIR"
    if is_service_enabled n-sch; then
        configure_nova_desktop_scheduler
    fi
    if is_service_enabled n-api-meta; then
        configure_nova_desktop_metadata
    fi
    if is_service_enabled desktop-reclaim; then
        configure_nova_desktop_reclaim
    fi
    if is_service_enabled n-cpu && is_service_enabled desktop-agent; then
        configure_nova_desktop_compute
        start_nova_desktop_agent
    fi
}

function start_nova_desktop_reclaim {
    run_process desktop-reclaim "$NOVA_BIN_DIR/nova-desktop-reclaim \
--config-file $NOVA_DESKTOP_RECLAIM_CONF"
}

# A flavor whose instances may run on workstations, and the aggregate that keeps
# those of all other flavors off them.
function create_nova_desktop_resources {
    local admin="openstack --os-cloud devstack-admin"
    $admin --os-compute-api-version 2.86 flavor create \
        --vcpus 1 --ram 256 --disk 1 \
        --property trait:CUSTOM_DESKTOP=required \
        --property desktop:preemptible=true \
        --property desktop:notice=30 \
        "$NOVA_DESKTOP_FLAVOR"
    $admin aggregate create --property trait:CUSTOM_DESKTOP=required \
        "$NOVA_DESKTOP_AGGREGATE"
}

# Only once DevStack has discovered the host, after the phase "extra".
function add_nova_desktop_host {
    openstack --os-cloud devstack-admin aggregate add host \
        "$NOVA_DESKTOP_AGGREGATE" "$(hostname)"
}

function stop_nova_desktop {
    stop_process desktop-reclaim
    if is_service_enabled desktop-agent; then
        $SYSTEMCTL disable --now nova-desktop-save nova-desktop-agent || true
    fi
}

function cleanup_nova_desktop {
    sudo rm -f "$NOVA_DESKTOP_UNIT_DIR/nova-desktop-agent.service" \
        "$NOVA_DESKTOP_UNIT_DIR/nova-desktop-save.service" \
        "$NOVA_DESKTOP_UNIT_DIR/novadesktop.slice" \
        "$NOVA_DESKTOP_BUS_DIR/org.openstack.NovaDesktop1.conf" \
        "$NOVA_DESKTOP_POLKIT_DIR/org.openstack.NovaDesktop1.policy"
    sudo rm -rf "$NOVA_DESKTOP_CONF_DIR"
    if [[ -L $NOVA_DIR/nova/virt/desktop.py ]]; then
        rm "$NOVA_DIR/nova/virt/desktop.py"
    fi
    pip_uninstall nova-desktop
}

function nova_desktop_stack {
    case $1 in
    install)
        echo_summary "Installing nova-desktop"
        install_nova_desktop
        ;;
    post-config)
        echo_summary "Configuring nova-desktop"
        configure_nova_desktop
        ;;
    extra)
        if is_service_enabled desktop-reclaim; then
            echo_summary "Starting nova-desktop"
            create_nova_desktop_resources
            start_nova_desktop_reclaim
        fi
        ;;
    test-config)
        if is_service_enabled n-api && is_service_enabled n-cpu; then
            add_nova_desktop_host
        fi
        ;;
    esac
}

if is_service_enabled desktop-agent || is_service_enabled desktop-reclaim; then
    case $1 in
    stack) nova_desktop_stack "$2" ;;
    unstack) stop_nova_desktop ;;
    clean) cleanup_nova_desktop ;;
    esac
fi
